/** Content hashes: the identity of rows, requests, artifacts and students. */
import { createHash } from 'node:crypto'
import { canonicalJson } from './json.ts'

/** SHA-256 of the canonical JSON text of a value, as 64 hexadecimal digits. */
export function hashJson(value: unknown): string {
  return hashText(canonicalJson(value))
}

/** SHA-256 of UTF-8 text, as 64 hexadecimal digits. */
export function hashText(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
