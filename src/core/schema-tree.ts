/** Reads a JSON Schema as a tree of objects whose leaves are the places that are answered and judged. */
import { PotstillError } from './errors.ts'
import { canonicalJson, isJsonObject, valueAt, type Json, type JsonObject, type JsonScalar } from './json.ts'
import { pointerSegments } from './schema-validator.ts'
import type { OutputField } from './task.ts'

export interface FieldNode {
  readonly kind: 'field'
  readonly field: OutputField
  /** The field's own schema, references resolved (in `items` too) and null taken out: its further limits. */
  readonly schema: JsonObject
}

export interface ObjectNode {
  readonly kind: 'object'
  readonly path: string
  readonly segments: readonly string[]
  readonly nullable: boolean
  readonly optional: boolean
  readonly children: readonly SchemaNode[]
}

export type SchemaNode = FieldNode | ObjectNode

/** Where the reader is: the document, the way to here, and the references that are being followed. */
interface Place {
  readonly document: JsonObject
  /** As shown to the user: ["schema", "properties", "intent"]. */
  readonly where: readonly string[]
  readonly segments: readonly string[]
  readonly optional: boolean
  readonly following: readonly string[]
}

/** A schema without references, single-entry combinations and null. */
interface Flat {
  readonly schema: JsonObject
  readonly nullable: boolean
  /** What the tree cannot express: a field of kind "json". */
  readonly opaque: boolean
  readonly following: readonly string[]
}

/** Keywords that only describe. */
const annotations = new Set(
  (
    '$schema $id $comment $defs definitions title description default examples deprecated readOnly ' +
    'writeOnly x-quoted'
  ).split(' '),
)

/** Keywords by which one place limits another: a schema with one of them is answered as a whole. */
const entangling = (
  'not if then else dependentSchemas dependentRequired dependencies patternProperties propertyNames ' +
  'minProperties maxProperties contains prefixItems'
).split(' ')

/** The tree of a schema that `checkSchema` accepts. Throws SCHEMA_INVALID with the place. */
export function readSchema(document: JsonObject): SchemaNode {
  return readNode(document, { document, where: ['schema'], segments: [], optional: false, following: [] })
}

function readNode(schema: Json, place: Place): SchemaNode {
  const flat = flatten(schema, place)
  const inner = { ...place, following: flat.following }
  const { properties } = flat.schema
  const types = typesOf(flat.schema)
  const isObject = types === null ? properties !== undefined : types.length === 1 && types[0] === 'object'
  if (!isObject || flat.opaque || flat.schema.enum !== undefined || !hasKeys(properties)) {
    if (isObject && place.segments.length === 0 && isJsonObject(properties) && !hasKeys(properties)) {
      fail(place, 'has no properties, so there is nothing to answer')
    }
    return { kind: 'field', field: readField(flat, inner), schema: withFlatItems(flat.schema, inner) }
  }
  return {
    kind: 'object',
    path: place.segments.join('.'),
    segments: place.segments,
    nullable: flat.nullable,
    optional: place.optional,
    children: readProperties(flat.schema, properties, inner),
  }
}

function readProperties(schema: JsonObject, properties: JsonObject, place: Place): SchemaNode[] {
  const required = Array.isArray(schema.required) ? (schema.required as string[]) : []
  for (const name of required) {
    if (!Object.hasOwn(properties, name)) {
      fail(place, `requires ${JSON.stringify(name)}, which is not among its properties`)
    }
  }
  return Object.keys(properties).map((name) =>
    readNode(properties[name], {
      ...place,
      where: [...place.where, 'properties', name],
      segments: [...place.segments, name],
      optional: !required.includes(name),
    }),
  )
}

function readField(flat: Flat, place: Place): OutputField {
  const { schema } = flat
  const base = {
    path: place.segments.join('.'),
    segments: place.segments,
    nullable: flat.nullable,
    optional: place.optional,
    quoted: isQuoted(schema) || (isJsonObject(schema.items) && isQuoted(schema.items)),
  }
  if (flat.opaque) return { ...base, kind: 'json' }
  if (Array.isArray(schema.enum)) return readEnum(schema.enum as Json[], base, place)
  const types = typesOf(schema)
  if (types?.length !== 1) {
    return { ...base, kind: 'json', nullable: base.nullable || types === null || types.length === 0 }
  }
  if (types[0] === 'boolean') return { ...base, kind: 'boolean' }
  if (types[0] === 'string') return { ...base, kind: 'string' }
  if (types[0] === 'array') return { ...base, ...readItems(schema, place) }
  if (types[0] === 'number' || types[0] === 'integer') {
    const limits = { integer: types[0] === 'integer', ...pickNumbers(schema, ['minimum', 'maximum']) }
    return { ...base, kind: 'number', ...limits }
  }
  return { ...base, kind: 'json' }
}

function readEnum(values: readonly Json[], base: Omit<OutputField, 'kind'>, place: Place): OutputField {
  const present = values.filter((value) => value !== null)
  const nullable = base.nullable || values.length > present.length
  if (values.length === 0) fail(place, 'must allow at least one value, got an empty enum')
  if (present.length === 0 || !present.every(isScalar)) return { ...base, kind: 'json', nullable }
  return { ...base, kind: 'enum', nullable, values: [...new Set(present as JsonScalar[])] }
}

/** Arrays of strings, free or of an enum. */
function readItems(schema: JsonObject, place: Place): Pick<OutputField, 'kind' | 'values'> {
  if (schema.items === undefined || Array.isArray(schema.items)) return { kind: 'json' }
  const items = flatten(schema.items, { ...place, where: [...place.where, 'items'] })
  if (items.opaque || items.nullable) return { kind: 'json' }
  const { enum: values } = items.schema
  if (Array.isArray(values)) {
    const strings = values.length > 0 && values.every((value) => typeof value === 'string')
    return strings ? { kind: 'strings', values } : { kind: 'json' }
  }
  const types = typesOf(items.schema)
  return types?.length === 1 && types[0] === 'string' ? { kind: 'strings' } : { kind: 'json' }
}

function withFlatItems(schema: JsonObject, place: Place): JsonObject {
  return isJsonObject(schema.items) ? { ...schema, items: flatten(schema.items, place).schema } : schema
}

function flatten(schema: Json, place: Place): Flat {
  if (schema === true) return { schema: {}, nullable: true, opaque: true, following: place.following }
  if (!isJsonObject(schema))
    fail(place, `must be a schema that some value meets, got ${canonicalJson(schema)}`)
  for (const keyword of ['$dynamicRef', '$recursiveRef']) {
    if (schema[keyword] !== undefined) fail(place, `uses ${keyword}, which is not supported: write it out`)
  }
  const { $ref: reference, allOf, anyOf, oneOf, const: constant, ...rest } = schema
  if (typeof reference === 'string') {
    if (place.following.includes(reference)) {
      return { schema: {}, nullable: true, opaque: true, following: place.following }
    }
    const following = [...place.following, reference]
    return combine(rest, flatten(followReference(reference, place), { ...place, following }), place)
  }
  if (Array.isArray(allOf)) {
    const only = allOf.length === 1 && anyOf === undefined && oneOf === undefined && constant === undefined
    if (!only) return { schema, nullable: false, opaque: true, following: place.following }
    return combine(rest, flatten(allOf[0] as Json, place), place)
  }
  if (constant !== undefined) {
    return flatten({ ...rest, enum: [constant] }, place)
  }
  const options = anyOf ?? oneOf
  if (Array.isArray(options)) {
    const both = anyOf !== undefined && oneOf !== undefined
    return both
      ? { schema, nullable: false, opaque: true, following: place.following }
      : flattenOptions(rest, options as Json[], place)
  }
  return withoutNull(schema, place)
}

/** `anyOf` or `oneOf`: of null and something else, or of values. Anything else is opaque. */
function flattenOptions(rest: JsonObject, options: readonly Json[], place: Place): Flat {
  const flats = options.map((option) => flatten(option, place))
  const present = flats.filter((flat) => !isNullOnly(flat.schema))
  const nullable = present.length < flats.length || present.some((flat) => flat.nullable)
  if (present.length === 1) return combine(rest, { ...present[0], nullable }, place)
  if (present.length > 0 && present.every((flat) => !flat.opaque && Array.isArray(flat.schema.enum))) {
    const values = present.flatMap((flat) => flat.schema.enum as Json[])
    const unique = [...new Map(values.map((value) => [canonicalJson(value), value])).values()]
    const all = nullable && !unique.includes(null) ? [...unique, null] : unique
    return combine(
      rest,
      { schema: { enum: all }, nullable, opaque: false, following: place.following },
      place,
    )
  }
  return { schema: { ...rest, anyOf: options }, nullable, opaque: true, following: place.following }
}

/** What stands beside a reference or a combination holds as well; where the two limit the same, it is opaque. */
function combine(beside: JsonObject, flat: Flat, place: Place): Flat {
  const outer = withoutNull(beside, place)
  const speaksOfNull = beside.type !== undefined || beside.enum !== undefined
  const nullable = flat.nullable && (!speaksOfNull || outer.nullable)
  const clash = Object.keys(outer.schema).some(
    (key) =>
      !annotations.has(key) &&
      Object.hasOwn(flat.schema, key) &&
      canonicalJson(outer.schema[key]) !== canonicalJson(flat.schema[key]),
  )
  const merged: JsonObject = { ...flat.schema, ...outer.schema }
  const { enum: values } = merged
  const schema =
    Array.isArray(values) && !nullable
      ? { ...merged, enum: values.filter((value) => value !== null) }
      : merged
  return { schema, nullable, opaque: flat.opaque || outer.opaque || clash, following: flat.following }
}

function withoutNull(schema: JsonObject, place: Place): Flat {
  const types = typesOf(schema)
  const values = Array.isArray(schema.enum) ? (schema.enum as Json[]) : null
  const typeAllows = types === null || types.includes('null') || schema.nullable === true
  const nullable = typeAllows && (values === null ? types !== null : values.includes(null))
  const opaque = entangling.some((keyword) => schema[keyword] !== undefined) || Array.isArray(schema.items)
  const { nullable: _, ...rest } = schema
  const present = types?.filter((type) => type !== 'null')
  const flat: JsonObject = {
    ...rest,
    ...(present !== undefined && present.length > 0 ? { type: present } : {}),
    ...(values === null ? {} : { enum: values.filter((value) => nullable || value !== null) }),
  }
  return { schema: flat, nullable, opaque, following: place.following }
}

function followReference(reference: string, place: Place): Json {
  if (!reference.startsWith('#')) {
    fail(place, `refers to ${JSON.stringify(reference)}, which is outside of the schema: copy it into $defs`)
  }
  const target = valueAt(place.document, pointerSegments(decodeURIComponent(reference.slice(1))))
  if (target === undefined || (reference.length > 1 && reference[1] !== '/')) {
    fail(place, `refers to ${JSON.stringify(reference)}, which is not there`)
  }
  return target
}

function typesOf(schema: JsonObject): string[] | null {
  if (typeof schema.type === 'string') return [schema.type]
  return Array.isArray(schema.type) ? (schema.type as string[]) : null
}

function isNullOnly(schema: JsonObject): boolean {
  const types = typesOf(schema)
  if (types !== null && types.every((type) => type === 'null')) return true
  return Array.isArray(schema.enum) && schema.enum.length > 0 && schema.enum.every((value) => value === null)
}

function isQuoted(schema: JsonObject): boolean {
  return schema['x-quoted'] === true
}

function isScalar(value: Json): value is JsonScalar {
  return value === null || typeof value !== 'object'
}

function hasKeys(value: Json | undefined): value is JsonObject {
  return isJsonObject(value) && Object.keys(value).length > 0
}

/** The named keywords that hold numbers. */
export function pickNumbers<Key extends string>(
  schema: JsonObject,
  keys: readonly Key[],
): Partial<Record<Key, number>> {
  const picked: Partial<Record<Key, number>> = {}
  for (const key of keys) {
    const value = schema[key]
    if (typeof value === 'number') picked[key] = value
  }
  return picked
}

function fail(place: Place, problem: string): never {
  throw new PotstillError('SCHEMA_INVALID', `${place.where.join('.')} ${problem}`)
}
