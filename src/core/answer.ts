/** From a reply's text to the task's value, and from a value to the text that a student replies with. */
import { messageOf } from './errors.ts'
import type { Json } from './json.ts'
import { createSchemaValidator } from './schema-validator.ts'
import type { ParsedAnswer, Task } from './task.ts'

/**
 * Reads replies to a task. JSON must be the whole reply, but for one code fence around it, and be valid
 * against the schema; a label must be one of the task's, but for white space around it; text is what came.
 * Throws SCHEMA_INVALID for a schema that does not compile.
 */
export function createAnswerParser(task: Task): (content: string) => ParsedAnswer {
  const { output } = task
  if (output.kind === 'text') return (content) => ({ value: content })
  if (output.kind === 'labels') {
    const labels = new Set(output.labels)
    return (content) => {
      const label = content.trim()
      return labels.has(label) ? { value: label } : { invalid: `${shorten(label)} is not one of the labels` }
    }
  }
  const validate = createSchemaValidator(output.schema)
  return (content) => {
    const parsed = parseJson(content)
    if ('invalid' in parsed) return parsed
    const problem = validate(parsed.value)
    return problem === null ? parsed : { invalid: problem }
  }
}

/** The text of an answer: JSON in the value's own key order, or the label or text itself. */
export function renderAnswer(task: Task, value: Json): string {
  if (task.output.kind !== 'json' && typeof value === 'string') return value
  return JSON.stringify(value)
}

function parseJson(content: string): ParsedAnswer {
  const text = withoutFence(content)
  if (text.trim() === '') return { invalid: 'the reply is empty' }
  try {
    return { value: JSON.parse(text) as Json }
  } catch (error) {
    return { invalid: `the reply is not JSON: ${messageOf(error)}` }
  }
}

function withoutFence(content: string): string {
  return /^\s*```(?:json)?[ \t]*\r?\n([\s\S]*?)\r?\n?[ \t]*```\s*$/iu.exec(content)?.[1] ?? content
}

function shorten(text: string): string {
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 57)}...`)
}
