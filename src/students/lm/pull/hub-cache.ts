/** The hub's cache on disk, laid out as its own tools lay it out, so that what either has fetched serves both. */
import { createHash } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { isJsonObject } from '../../../core/json.ts'
import { writeWhole } from '../../../core/write-whole.ts'
import { jsonOrNull } from '../weights/json-file.ts'
import type { Hub } from './hub.ts'
import type { Repository } from './model-name.ts'

type Place = Pick<Hub, 'cache'>

const repositoryFolder = ({ cache }: Place, { id }: Repository): string =>
  join(cache, `models--${id.replaceAll('/', '--')}`)

export function snapshotFolder(hub: Place, repository: Repository, commit: string): string {
  return join(repositoryFolder(hub, repository), 'snapshots', commit)
}

/** Files are kept under the hash that the hub gives them, whatever their names. */
export function blobFile(hub: Place, repository: Repository, etag: string): string {
  const name = /^[\w-]{8,128}$/.test(etag) ? etag : createHash('sha256').update(etag).digest('hex')
  return join(repositoryFolder(hub, repository), 'blobs', name)
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Has the file appear in the snapshot: as a link, or itself where links cannot be made. */
export async function showBlob(blob: string, file: string): Promise<void> {
  if (await exists(file)) return
  await mkdir(dirname(file), { recursive: true })
  await rm(file, { force: true })
  await symlink(relative(dirname(file), blob), file).catch(() => rename(blob, file))
}

/** Notes which commit a branch or tag stood at. */
export async function writeRef(hub: Place, repository: Repository, commit: string): Promise<void> {
  if (repository.revision !== commit) await writeWhole(refFile(hub, repository), commit)
}

const refFile = (hub: Place, repository: Repository): string =>
  join(repositoryFolder(hub, repository), 'refs', repository.revision)

/** The path that openBaseModel takes, or null where the cache lacks it or a part of it. */
export async function cachedModel(hub: Place, repository: Repository): Promise<string | null> {
  const ref = await readFile(refFile(hub, repository), 'utf8').catch(() => repository.revision)
  const folder = snapshotFolder(hub, repository, ref.trim())
  if (repository.file !== undefined) {
    const file = join(folder, repository.file)
    return (await exists(file)) ? file : null
  }
  const names = await readdir(folder).catch((): string[] => [])
  if (await isWhole(folder, names)) return folder
  const ggufs = names.filter((name) => /\.gguf$/i.test(name))
  return names.includes('config.json') || ggufs.length !== 1 ? null : join(folder, ggufs[0])
}

async function isWhole(folder: string, names: readonly string[]): Promise<boolean> {
  const needed = ['config.json', 'tokenizer.json', 'tokenizer_config.json']
  const weights = names.includes('model.safetensors') ? ['model.safetensors'] : await shardsOf(folder)
  if (weights.length === 0) return false
  const found = await Promise.all([...needed, ...weights].map((name) => exists(join(folder, name))))
  return found.every(Boolean)
}

async function shardsOf(folder: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, 'model.safetensors.index.json'), 'utf8').catch(() => '')
  const index = jsonOrNull(text)
  const map = isJsonObject(index) && isJsonObject(index.weight_map) ? index.weight_map : {}
  return [...new Set(Object.values(map))].filter((name) => typeof name === 'string')
}
