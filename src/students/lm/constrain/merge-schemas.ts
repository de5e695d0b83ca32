/** One schema that says what two say together, where their keywords can be joined. */
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../../core/json.ts'

/** Thrown with the keyword that cannot be joined; the reader of the schema adds the place. */
export class UnjoinedKeyword extends Error {}

/** How a keyword's two values become one; keywords that are not here must be equal, or are annotations. */
const joiners: Readonly<Record<string, (a: Json, b: Json) => Json>> = {
  type: (a, b) => joinTypes(typeList(a), typeList(b)),
  enum: (a, b) => (a as Json[]).filter((value) => (b as Json[]).some((other) => same(value, other))),
  required: (a, b) => [...new Set([...(a as Json[]), ...(b as Json[])])],
  properties: (a, b) => joinProperties(a as JsonObject, b as JsonObject),
  items: (a, b) => ({ allOf: [a, b] }),
  minimum: largest,
  exclusiveMinimum: largest,
  minLength: largest,
  minItems: largest,
  maximum: smallest,
  exclusiveMaximum: smallest,
  maxLength: smallest,
  maxItems: smallest,
  uniqueItems: (a, b) => a === true || b === true,
  'x-quoted': (a, b) => a === true || b === true,
}

/** Keywords that limit nothing, or nothing that is checked. */
const annotations = new Set(
  '$schema $id $comment $defs definitions title description default examples deprecated readOnly writeOnly format'.split(
    ' ',
  ),
)

/** Whether a schema has keywords that may make a value invalid. */
export function limits(schema: JsonObject): boolean {
  return Object.keys(schema).some((key) => !annotations.has(key))
}

/** The same with `const` written as `enum`, and `nullable` as a type. */
export function plainSchema(schema: JsonObject): JsonObject {
  const { const: constant, nullable, ...rest } = schema
  const types: JsonObject =
    nullable === true && rest.type !== undefined
      ? { type: [...new Set([...typeList(rest.type), 'null'])] }
      : {}
  const plain = { ...rest, ...types }
  return constant === undefined ? plain : mergeSchemas(plain, { enum: [constant] })
}

/** Both hold; both plain. Throws UnjoinedKeyword. */
export function mergeSchemas(a: JsonObject, b: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...a }
  for (const [key, value] of Object.entries(b)) {
    const other = merged[key]
    if (other === undefined || annotations.has(key) || same(other, value)) merged[key] = value
    else if (joiners[key] !== undefined) merged[key] = joiners[key](other, value)
    else throw new UnjoinedKeyword(key)
  }
  checkClosed(a, b)
  return merged
}

/** An object that allows no further keys does not allow the other schema's either. */
function checkClosed(a: JsonObject, b: JsonObject): void {
  const closed = [a, b].some((schema) => schema.additionalProperties === false)
  if (!closed || !isJsonObject(a.properties) || !isJsonObject(b.properties)) return
  const [keys, others] = [a, b].map((schema) => Object.keys(schema.properties as JsonObject).sort())
  if (!same(keys, others)) throw new UnjoinedKeyword('additionalProperties')
}

function joinProperties(a: JsonObject, b: JsonObject): JsonObject {
  const joined: Record<string, Json> = { ...a }
  for (const [key, value] of Object.entries(b)) {
    joined[key] = Object.hasOwn(a, key) && !same(a[key], value) ? { allOf: [a[key], value] } : value
  }
  return joined
}

/** The types that both allow; null where neither names types, or only one does. */
export function joinedTypes(a: JsonObject, b: JsonObject): readonly string[] | null {
  return a.type === undefined || b.type === undefined ? null : joinTypes(typeList(a.type), typeList(b.type))
}

function joinTypes(a: readonly string[], b: readonly string[]): string[] {
  const within = (type: string, types: readonly string[]): boolean =>
    types.includes(type) || (type === 'integer' && types.includes('number'))
  return [...new Set([...a.filter((type) => within(type, b)), ...b.filter((type) => within(type, a))])]
}

export function typeList(type: Json): string[] {
  return typeof type === 'string' ? [type] : [...(type as string[])]
}

function same(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

function largest(a: Json, b: Json): number {
  return Math.max(a as number, b as number)
}

function smallest(a: Json, b: Json): number {
  return Math.min(a as number, b as number)
}
