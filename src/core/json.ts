/** JSON values: their type, equality as the graders mean it, canonical text, and access by path. */

export type JsonScalar = string | number | boolean | null
export type Json = JsonScalar | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON text with object keys sorted, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (isJsonObject(value)) {
    const keys = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/**
 * Deep equality of answers: strings compare after NFC and trim; null equals null but not a missing
 * key (undefined); the order of object keys does not matter, that of array elements does.
 */
export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (typeof a === 'string' && typeof b === 'string') return cleanText(a) === cleanText(b)
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equalJson(item, b[index]))
  }
  if (isJsonObject(a) && isJsonObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].every((key) => equalJson(ownValue(a, key), ownValue(b, key)))
  }
  return a === b
}

function cleanText(text: string): string {
  return text.normalize('NFC').trim()
}

function ownValue(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** The value at a path, or undefined where a key on the way is missing. An empty path is the value itself. */
export function valueAt(value: Json | undefined, segments: readonly string[]): Json | undefined {
  let current = value
  for (const segment of segments) {
    if (!isJsonObject(current)) return undefined
    current = ownValue(current, segment)
  }
  return current
}
