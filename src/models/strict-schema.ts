/** A JSON Schema as providers' strict structured output wants it, and answers to it as the original has them. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts'

export interface StrictSchema {
  readonly schema: JsonObject
  /** False where strict mode cannot express the schema: the provider then aims at it and may miss. */
  readonly strict: boolean
}

/** Keywords that strict mode accepts and that need no change. */
const kept = new Set(
  (
    'type enum description title pattern format multipleOf minimum maximum exclusiveMinimum ' +
    'exclusiveMaximum minItems maxItems $ref'
  ).split(' '),
)

/** Keywords without which the schema would allow objects of another shape; any other one only narrows values. */
const shaping = ['allOf', 'oneOf', 'patternProperties', 'propertyNames', 'prefixItems', '$dynamicRef', 'if']

/** Thrown inside of this file only: strict mode has no words for the schema. */
class NotExpressible extends Error {}

/**
 * Strict mode wants every property required, no others allowed, a type everywhere, and no keyword that it does
 * not know. Optional properties become nullable (`removeAddedNulls` undoes it in answers); keywords that only
 * narrow values are dropped, since answers are checked against the original anyway.
 */
export function toStrictSchema(schema: JsonObject): StrictSchema {
  try {
    if (schema.type !== 'object' && !isJsonObject(schema.properties)) throw new NotExpressible()
    return { schema: convert(schema, true), strict: true }
  } catch (error) {
    if (!(error instanceof NotExpressible)) throw error
    return { schema: withoutExtensions(schema) as JsonObject, strict: false }
  }
}

/** `plain`: reached by properties and items alone, the way that `removeAddedNulls` goes back. */
function convert(schema: Json, plain: boolean): JsonObject {
  if (!isJsonObject(schema) || shaping.some((keyword) => schema[keyword] !== undefined))
    throw new NotExpressible()
  const result: Record<string, Json> = {}
  for (const [keyword, value] of Object.entries(schema)) {
    if (kept.has(keyword)) result[keyword] = value
    else if (keyword === 'const') result.enum = [value]
    else if (keyword === 'items') result.items = convert(value, plain)
    else if (keyword === 'anyOf') result.anyOf = convertEach(value)
    else if (keyword === '$defs' || keyword === 'definitions') result[keyword] = convertValues(value)
  }
  if (isJsonObject(schema.properties)) Object.assign(result, convertObject(schema, plain))
  else if (asTypes(schema.type).includes('object')) throw new NotExpressible()
  if (result.type === undefined && result.$ref === undefined && result.anyOf === undefined) {
    result.type = typeOfValues(result.enum)
  }
  return result
}

function convertEach(schemas: Json): Json[] {
  if (!Array.isArray(schemas)) throw new NotExpressible()
  return (schemas as readonly Json[]).map((schema) => convert(schema, false))
}

function convertValues(schemas: Json): JsonObject {
  if (!isJsonObject(schemas)) throw new NotExpressible()
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, convert(schema, false)]))
}

function convertObject(schema: JsonObject, plain: boolean): JsonObject {
  const others = schema.additionalProperties
  if (others !== undefined && others !== false) throw new NotExpressible()
  const properties = schema.properties as JsonObject
  const converted: Record<string, Json> = {}
  for (const [name, property] of Object.entries(properties)) {
    const strict = convert(property, plain)
    if (isRequired(schema, name)) converted[name] = strict
    else if (plain) converted[name] = nullable(strict)
    else throw new NotExpressible()
  }
  return {
    type: schema.type ?? 'object',
    properties: converted,
    required: Object.keys(properties),
    additionalProperties: false,
  }
}

function isRequired(schema: JsonObject, name: string): boolean {
  return Array.isArray(schema.required) && (schema.required as readonly Json[]).includes(name)
}

function nullable(schema: JsonObject): JsonObject {
  if (schema.type === undefined || schema.$ref !== undefined) return { anyOf: [schema, { type: 'null' }] }
  const types = asTypes(schema.type)
  const values = schema.enum as readonly Json[] | undefined
  return {
    ...schema,
    type: types.includes('null') ? types : [...types, 'null'],
    ...(values === undefined || values.includes(null) ? {} : { enum: [...values, null] }),
  }
}

function asTypes(type: Json | undefined): string[] {
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? (type as string[]) : []
}

function typeOfValues(values: Json | undefined): Json {
  if (!Array.isArray(values) || values.length === 0) throw new NotExpressible()
  const types = [...new Set((values as readonly Json[]).map(typeOfValue))]
  return types.length === 1 ? types[0] : types
}

function typeOfValue(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value) || isJsonObject(value)) throw new NotExpressible()
  return typeof value
}

/** The schema without our own `x-` keywords, which some providers refuse. */
function withoutExtensions(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(withoutExtensions)
  if (!isJsonObject(schema)) return schema
  const entries = Object.entries(schema).filter(([keyword]) => !keyword.startsWith('x-'))
  return Object.fromEntries(entries.map(([keyword, value]) => [keyword, withoutExtensions(value)]))
}

/** Takes out the nulls by which an answer to the strict copy says that an optional property is absent. */
export function removeAddedNulls(answer: Json, schema: Json): Json {
  if (!isJsonObject(schema)) return answer
  const { items, properties } = schema
  if (Array.isArray(answer)) {
    return items === undefined ? answer : answer.map((item: Json) => removeAddedNulls(item, items))
  }
  if (!isJsonObject(answer) || !isJsonObject(properties)) return answer
  const entries = Object.entries(answer).filter(
    ([name, value]) =>
      value !== null ||
      isRequired(schema, name) ||
      !Object.hasOwn(properties, name) ||
      allowsNull(properties[name]),
  )
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      Object.hasOwn(properties, name) ? removeAddedNulls(value, properties[name]) : value,
    ]),
  )
}

function allowsNull(schema: Json): boolean {
  if (!isJsonObject(schema)) return true
  if (schema.const !== undefined) return schema.const === null
  if (Array.isArray(schema.enum)) return (schema.enum as readonly Json[]).includes(null)
  if (Array.isArray(schema.anyOf)) return (schema.anyOf as readonly Json[]).some(allowsNull)
  return schema.$ref !== undefined || asTypes(schema.type).includes('null')
}
