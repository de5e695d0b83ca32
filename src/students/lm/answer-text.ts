/** The one text of an answer that the lm student learns and gives: keys in the schema's order, no spaces. */
import { renderAnswer } from '../../core/answer.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Task } from '../../core/task.ts'

/** Rows may have their keys in any order; learned in several, the answers would compete with one another. */
export function answerText(task: Task, value: Json): string {
  return renderAnswer(task, task.output.kind === 'json' ? inSchemaOrder(task.output.schema, value) : value)
}

function inSchemaOrder(schema: Json | undefined, value: Json): Json {
  if (Array.isArray(value)) {
    const items = isJsonObject(schema) ? schema.items : undefined
    return value.map((item: Json) => inSchemaOrder(items, item))
  }
  if (!isJsonObject(value)) return value
  const properties = propertiesOf(schema)
  const known = Object.keys(properties).filter((key) => key in value)
  const others = Object.keys(value).filter((key) => !(key in properties))
  return Object.fromEntries(
    [...known, ...others].map((key) => [key, inSchemaOrder(properties[key], value[key])]),
  )
}

function propertiesOf(schema: Json | undefined): JsonObject {
  return isJsonObject(schema) && isJsonObject(schema.properties) ? schema.properties : {}
}
