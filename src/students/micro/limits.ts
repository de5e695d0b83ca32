/** Takes from a field's schema the limits that an answer put together from spans and classes must keep. */
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { pickNumbers } from '../../core/schema-tree.ts'
import type { Limits } from './runtime/answer.js'

/** The limits of a string, a number, or a list of strings (with those of its strings). */
export function limitsOf(schema: JsonObject): Limits {
  const items = isJsonObject(schema.items) ? schema.items : {}
  const pattern = schema.pattern ?? items.pattern
  const type = Array.isArray(schema.type) ? schema.type : [schema.type]
  return {
    ...pickNumbers(items, ['minLength', 'maxLength']),
    ...pickNumbers(schema, ['minLength', 'maxLength', 'minItems', 'maxItems']),
    ...pickNumbers(schema, ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']),
    ...(typeof pattern === 'string' ? { pattern } : {}),
    ...(schema.uniqueItems === true ? { uniqueItems: true } : {}),
    ...(type.includes('integer') ? { integer: true } : {}),
  }
}
