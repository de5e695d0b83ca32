/** A student's folder: manifest.json beside files whose hashes it holds. Written whole or not at all. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { messageOf, PotstillError } from '../core/errors.ts'
import { isJsonObject } from '../core/json.ts'
import type { Manifest } from '../core/student.ts'

const manifestName = 'manifest.json'

/** The manifest as the writer gives it; the hashes of the files are added here. */
export type ManifestBody = Omit<Manifest, 'files'>

/**
 * Writes a student to an empty or absent folder, by way of a temporary folder beside it. Throws FILE_EXISTS
 * where something is in the folder.
 */
export async function writeStudentFolder(
  folder: string,
  body: ManifestBody,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<Manifest> {
  await refuseUsedFolder(folder)
  const hashes = Object.entries(files).map(([name, bytes]) => [name, hashBytes(bytes)])
  const manifest: Manifest = { ...body, files: Object.fromEntries(hashes) as Record<string, string> }
  await mkdir(dirname(folder), { recursive: true })
  const temporary = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`))
  try {
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(temporary, name), bytes)
    await writeFile(join(temporary, manifestName), `${JSON.stringify(manifest, null, 2)}\n`)
    await rmdir(folder).catch(() => undefined)
    await rename(temporary, folder)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
  return manifest
}

/** Throws STUDENT_NOT_FOUND where there is no manifest, STUDENT_DAMAGED where it is not one of these kinds. */
export async function readManifest(folder: string, kinds: readonly string[]): Promise<Manifest> {
  const path = join(folder, manifestName)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new PotstillError('STUDENT_NOT_FOUND', `${folder} holds no student: there is no ${manifestName}`, {
      cause: error,
    })
  }
  const manifest = parseManifest(path, text)
  if (manifest.format !== 1) {
    const found = JSON.stringify(manifest.format)
    throw damaged(path, `has format ${found}, and this version of potstill reads format 1`)
  }
  if (!kinds.includes(manifest.kind)) {
    throw damaged(
      path,
      `names the kind ${JSON.stringify(manifest.kind)}, expected one of ${kinds.join(', ')}`,
    )
  }
  return manifest
}

/** All files that a manifest names. Throws STUDENT_DAMAGED where one is missing or its hash differs. */
export async function readStudentFiles(
  folder: string,
  manifest: Manifest,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const entries = Object.entries(manifest.files).map(async ([name, hash]): Promise<[string, Uint8Array]> => {
    const path = join(folder, name)
    if (name !== basename(name))
      throw damaged(join(folder, manifestName), `names a file outside of it: ${name}`)
    const bytes = await readFile(path).catch((error: unknown) => {
      throw damaged(path, `cannot be read: ${messageOf(error)}`)
    })
    if (hashBytes(bytes) !== hash) throw damaged(path, 'is not as it was written: its hash differs')
    return [name, bytes]
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** Throws FILE_EXISTS where something is in the folder: better known before training than after. */
export async function refuseUsedFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  if (names.length === 0) return
  throw new PotstillError('FILE_EXISTS', `${folder} is not empty: it holds ${JSON.stringify(names[0])}`)
}

function parseManifest(path: string, text: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw damaged(path, `is not JSON: ${messageOf(error)}`)
  }
  if (!isJsonObject(value) || !isJsonObject(value.task) || !isJsonObject(value.files)) {
    throw damaged(path, 'is no manifest of a student')
  }
  return value as unknown as Manifest
}

function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function damaged(path: string, problem: string): PotstillError {
  return new PotstillError('STUDENT_DAMAGED', `${path} ${problem}`)
}
