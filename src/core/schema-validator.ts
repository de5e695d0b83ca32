/** Compiles JSON Schemas with ajv; says what is wrong with a schema, or with a value, in one line. */
import { Ajv, type ErrorObject } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { messageOf, PotstillError } from './errors.ts'
import { valueAt, type Json, type JsonObject } from './json.ts'

/** Why the value is not valid, or null where it is. */
export type SchemaValidator = (value: unknown) => string | null

/**
 * Compiles a schema once. Drafts 4 to 7 where `$schema` names one, else 2020-12. Formats are not
 * checked, unknown keywords are ignored, and only own keys count. Throws SCHEMA_INVALID.
 */
export function createSchemaValidator(schema: JsonObject): SchemaValidator {
  checkSchema(schema)
  const { $schema: _, ...rest } = schema
  try {
    const validate = createAjv(draftOf(schema), false).compile(rest)
    return (value) => (validate(value) ? null : describe(validate.errors?.[0], value))
  } catch (error) {
    throw new PotstillError('SCHEMA_INVALID', `schema: ${messageOf(error)}`, { cause: error })
  }
}

type Draft = 'old' | 'new'

/** One a draft, for it takes long to compile a draft's own schema. */
const metaValidators = new Map<Draft, Ajv>()

/** Throws SCHEMA_INVALID with the place where a schema is not written as JSON Schema asks. */
export function checkSchema(schema: JsonObject): void {
  const draft = draftOf(schema)
  const ajv = metaValidators.get(draft) ?? createAjv(draft)
  metaValidators.set(draft, ajv)
  const { $schema: _, ...rest } = schema
  if (ajv.validateSchema(rest) === true) return
  const error = ajv.errors?.[0]
  const segments = pointerSegments(error?.instancePath ?? '')
  const got = followSegments(rest, segments)
  const shown = got === undefined || segments.length === 0 ? '' : `, got ${shorten(JSON.stringify(got))}`
  throw new PotstillError(
    'SCHEMA_INVALID',
    `${['schema', ...segments].join('.')} ${error?.message ?? 'is no JSON Schema'}${shown}`,
  )
}

function draftOf(schema: JsonObject): Draft {
  return typeof schema.$schema === 'string' && /draft-0[4-7]/.test(schema.$schema) ? 'old' : 'new'
}

function createAjv(draft: Draft, validateSchema = true): Ajv {
  const options = {
    validateSchema,
    strict: false,
    validateFormats: false,
    logger: false,
    ownProperties: true,
  } as const
  const ajv: Ajv = draft === 'old' ? new Ajv(options) : new Ajv2020(options)
  ajv.addKeyword({ keyword: 'x-quoted', schemaType: 'boolean' })
  return ajv
}

function describe(error: ErrorObject | undefined, value: unknown): string {
  if (error === undefined) return 'is not valid'
  const segments = pointerSegments(error.instancePath)
  const place = segments.length === 0 ? 'the answer' : segments.join('.')
  if (error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties') {
    const name: unknown = error.params.additionalProperty ?? error.params.unevaluatedProperty
    return `${place} has ${JSON.stringify(name)}, which the schema does not allow`
  }
  if (error.keyword === 'required') return `${place} lacks ${JSON.stringify(error.params.missingProperty)}`
  const got = followSegments(value, segments)
  return `${place} ${error.message ?? 'is not valid'}, got ${shorten(JSON.stringify(got) ?? 'nothing')}`
}

/** Like valueAt, through arrays too. */
function followSegments(value: unknown, segments: readonly string[]): unknown {
  let current = value
  for (const segment of segments) {
    current = Array.isArray(current) ? current[Number(segment)] : valueAt(current as Json, [segment])
  }
  return current
}

/** The keys of a JSON pointer (RFC 6901). */
export function pointerSegments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}
