/** Uploaded and produced files: content on disk under the file's id, what it is in the store. */
import type { FileObject } from 'openai/resources/files'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Json } from '../../core/json.ts'
import type { Page, StoredRecord } from '../../core/store.ts'
import { writeWhole } from '../../core/write-whole.ts'
import type { ServeDeps } from '../deps.ts'

/** OpenAI takes the purpose evals, and leaves it out of the list of what files come back as. */
export type FileView = Omit<FileObject, 'purpose'> & { readonly purpose: FileObject['purpose'] | 'evals' }

export interface StoredFile {
  readonly view: FileView
  /** With the dot: how the content is read; "" where nobody does. */
  readonly extension: string
}

export interface NewFile {
  /** Already cleaned, see `cleanFileName`. */
  readonly name: string
  readonly extension: string
  readonly purpose: FileView['purpose']
  readonly expiresAfterSeconds?: number
  /** What was made of it, in a sentence. */
  readonly details?: string
}

/** What files need of the server. */
export type FileDeps = Pick<ServeDeps, 'store' | 'data' | 'now' | 'newId'>

export interface FilePage {
  readonly files: readonly StoredFile[]
  readonly hasMore: boolean
}

const kind = 'file'
const unfinished = '.part'
/** Content without a record is younger than this only while it is being added. */
const orphanAgeMs = 3_600_000

const folderOf = ({ data }: FileDeps): string => join(data, 'files')

/** Absolute. */
export function filePath(deps: FileDeps, { view, extension }: StoredFile): string {
  return join(folderOf(deps), view.id + extension)
}

/** Where an upload may be written to until it is kept; the folder is there. */
export async function temporaryPath(deps: FileDeps): Promise<string> {
  await mkdir(folderOf(deps), { recursive: true })
  return join(folderOf(deps), `upload-${deps.newId()}${unfinished}`)
}

/** Takes a finished upload over: it is there whole, or not at all. */
export async function keepFile(deps: FileDeps, temporary: string, given: NewFile): Promise<StoredFile> {
  const { size } = await stat(temporary)
  const file = describe(deps, given, size)
  await rename(temporary, filePath(deps, file))
  await deps.store.putRecord(toRecord(deps, file))
  return file
}

/** Writes the content and gives the record, for the caller to put together with others. */
export async function produceFile(
  deps: FileDeps,
  given: NewFile,
  content: AsyncIterable<string> | Iterable<string>,
): Promise<StoredRecord> {
  const file = describe(deps, given, 0)
  await writeWhole(filePath(deps, file), content)
  const { size } = await stat(filePath(deps, file))
  return toRecord(deps, { ...file, view: { ...file.view, bytes: size } })
}

/** Null where there is none, or it has expired. */
export async function findFile(deps: FileDeps, id: string): Promise<StoredFile | null> {
  const record = await deps.store.findRecord(kind, id)
  if (record === null) return null
  if (!isExpired(deps, fileOf(record))) return fileOf(record)
  await removeFile(deps, id)
  return null
}

export async function listFiles(deps: FileDeps, page: Page, purpose?: string): Promise<FilePage> {
  const files: StoredFile[] = []
  for await (const file of allFiles(deps, page)) {
    if (isExpired(deps, file) || (purpose !== undefined && file.view.purpose !== purpose)) continue
    if (files.length === page.limit) return { files, hasMore: true }
    files.push(file)
  }
  return { files, hasMore: false }
}

/** False where there is none. */
export async function removeFile(deps: FileDeps, id: string): Promise<boolean> {
  const record = await deps.store.findRecord(kind, id)
  if (record === null) return false
  // The record first: a crash in between leaves content that nobody finds, not a file without content.
  const removed = await deps.store.deleteRecord(kind, id)
  await rm(filePath(deps, fileOf(record)), { force: true })
  return removed
}

/** Removes what has expired, and what a crash left behind. */
export async function sweepFiles(deps: FileDeps): Promise<void> {
  for await (const { view } of allFiles(deps, { limit: 0, order: 'asc' })) await findFile(deps, view.id)
  for (const name of await readdir(folderOf(deps)).catch(() => [])) {
    const id = name.slice(0, name.length - extname(name).length)
    if (!name.endsWith(unfinished) && (await deps.store.findRecord(kind, id)) !== null) continue
    const entry = await stat(join(folderOf(deps), name)).catch(() => null)
    const isOld = entry !== null && deps.now() - entry.mtimeMs > orphanAgeMs
    if (isOld) await rm(join(folderOf(deps), name), { force: true })
  }
}

/** A record of kind "file". */
export function fileOf({ body }: StoredRecord): StoredFile {
  return body as unknown as StoredFile
}

async function* allFiles({ store }: FileDeps, { after, order }: Page): AsyncGenerator<StoredFile> {
  let last = after
  for (;;) {
    const found = await store.listRecords(kind, { limit: 500, order, after: last })
    if (found.length === 0) return
    yield* found.map(fileOf)
    last = found[found.length - 1].id
  }
}

function describe(deps: FileDeps, file: NewFile, bytes: number): StoredFile {
  const { name, extension, purpose, expiresAfterSeconds, details } = file
  const createdAt = Math.floor(deps.now() / 1000)
  const view: FileView = {
    id: `file-${deps.newId()}`,
    object: 'file',
    bytes,
    created_at: createdAt,
    filename: name,
    purpose,
    status: 'processed',
    ...(expiresAfterSeconds === undefined ? {} : { expires_at: createdAt + expiresAfterSeconds }),
    ...(details === undefined ? {} : { status_details: details }),
  }
  return { view, extension }
}

function toRecord({ now }: FileDeps, file: StoredFile): StoredRecord {
  return { kind, id: file.view.id, parent: null, createdAtMs: now(), body: file as unknown as Json }
}

function isExpired({ now }: FileDeps, { view }: StoredFile): boolean {
  return view.expires_at !== undefined && view.expires_at * 1000 <= now()
}
