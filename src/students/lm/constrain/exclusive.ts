/** Whether a value written for one schema can never be valid for another; false where that is not plain to see. */
import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts'
import { createSchemaValidator } from '../../../core/schema-validator.ts'
import { typeList } from './merge-schemas.ts'

interface Resolved<Where> {
  readonly schema: JsonObject
  readonly place: Where
}

type Resolve<Where> = (schema: Json, place: Where) => readonly Resolved<Where>[]

export function neverMatches<Where extends { readonly document: JsonObject }>(
  written: Resolved<Where>,
  other: Resolved<Where>,
  resolve: Resolve<Where>,
): boolean {
  const { schema } = written
  if (Array.isArray(schema.enum)) return noneValid(schema.enum as Json[], other)
  const types = typesWritten(schema)
  if (types !== null && other.schema.type !== undefined) {
    const allowed = typeList(other.schema.type)
    if (!types.some((type) => meets(type, allowed))) return true
  }
  if (Array.isArray(other.schema.enum) && types !== null) {
    const values = other.schema.enum as Json[]
    if (!values.some((value) => meets(typeOf(value), types) || types.includes(typeOf(value)))) return true
  }
  return types?.length === 1 && types[0] === 'object' && objectsDiffer(written, other, resolve)
}

/** "number" may be whole, so it may meet "integer". */
function meets(type: string, allowed: readonly string[]): boolean {
  if (type === 'integer' || type === 'number')
    return allowed.includes('integer') || allowed.includes('number')
  return allowed.includes(type)
}

function typesWritten(schema: JsonObject): readonly string[] | null {
  if (schema.type !== undefined) return typeList(schema.type)
  return schema.properties === undefined ? null : ['object']
}

function typeOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value
}

/** References to other places than $defs and definitions are not resolved here: those values count as valid. */
function noneValid(
  values: readonly Json[],
  { schema, place }: Resolved<{ readonly document: JsonObject }>,
): boolean {
  const { $defs, definitions } = place.document
  try {
    const validate = createSchemaValidator({
      ...schema,
      ...($defs && { $defs }),
      ...(definitions && { definitions }),
    })
    return values.every((value) => validate(value) !== null)
  } catch {
    return false
  }
}

/** By a key that one always has and the other never, or by what stands under a key. */
function objectsDiffer<Where extends { readonly document: JsonObject }>(
  written: Resolved<Where>,
  other: Resolved<Where>,
  resolve: Resolve<Where>,
): boolean {
  const keys = propertiesOf(written.schema)
  const otherKeys = propertiesOf(other.schema)
  if (keys === null) return false
  const required = namesOf(written.schema)
  if (namesOf(other.schema).some((name) => !Object.hasOwn(keys, name) && !required.includes(name)))
    return true
  return required.some((name) => {
    if (otherKeys === null || !Object.hasOwn(otherKeys, name))
      return other.schema.additionalProperties === false
    if (!Object.hasOwn(keys, name)) return false
    const those = resolve(otherKeys[name], other.place)
    return resolve(keys[name], written.place).every((a) => those.every((b) => neverMatches(a, b, resolve)))
  })
}

function propertiesOf(schema: JsonObject): JsonObject | null {
  return isJsonObject(schema.properties) ? schema.properties : null
}

function namesOf(schema: JsonObject): readonly string[] {
  return Array.isArray(schema.required) ? (schema.required as string[]) : []
}
