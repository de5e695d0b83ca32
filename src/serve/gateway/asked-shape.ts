/** Whether a local model's answer is what the request's response_format asks for: students keep to a shape of their own. */
import { messageOf } from '../../core/errors.ts'
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { createSchemaValidator, type SchemaValidator } from '../../core/schema-validator.ts'
import { apiError } from '../api-error.ts'

/** An application sends the same few schemas again and again; compiling one takes longer than answering. */
const mostKnown = 100
const known = new Map<string, SchemaValidator>()

/** Why the answer is not as asked for; null where it is. @throws a 400 for a schema that is none. */
export function shapeFault({ response_format: format }: JsonObject, content: string): string | null {
  if (!isJsonObject(format)) return null
  if (format.type === 'json_object') return isJsonObject(parse(content)) ? null : 'it gives no JSON object'
  const schema = isJsonObject(format.json_schema) ? format.json_schema.schema : undefined
  if (format.type !== 'json_schema' || !isJsonObject(schema)) return null
  const value = parse(content)
  if (value === undefined) return 'it gives no JSON'
  const fault = validatorFor(schema)(value)
  return fault === null ? null : `its answers have another shape: ${fault}`
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}

function validatorFor(schema: JsonObject): SchemaValidator {
  const text = JSON.stringify(schema)
  const found = known.get(text)
  if (found !== undefined) return found
  if (known.size >= mostKnown) known.clear()
  try {
    const validator = createSchemaValidator(schema)
    known.set(text, validator)
    return validator
  } catch (error) {
    throw apiError(400, messageOf(error), { param: 'response_format', code: 'invalid_json_schema' })
  }
}
