/** Reads the small JSON files that lie beside a model's weights. */
import { access, readFile } from 'node:fs/promises'
import { messageOf } from '../../../core/errors.ts'
import { isJsonObject } from '../../../core/json.ts'
import { invalidFile } from './fault.ts'

export type JsonFile = Readonly<Record<string, unknown>>

/** Throws MODEL_FILE_INVALID where it is missing or no JSON object. */
export async function readJsonFile(path: string): Promise<JsonFile> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw invalidFile(path, `cannot be read as JSON: ${messageOf(error)}`, error)
  }
  if (!isJsonObject(value)) throw invalidFile(path, 'is no JSON object')
  return value
}

export async function readJsonFileIfAny(path: string): Promise<JsonFile | null> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  return isThere ? readJsonFile(path) : null
}

/** What a text says as JSON, or null where it is none. */
export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
