/** Tasks and examples for the tests of the micro student. */
import { hashText } from '../../src/core/hash.ts'
import type { Json, JsonObject } from '../../src/core/json.ts'
import { outputFields } from '../../src/core/output-fields.ts'
import type { Example } from '../../src/core/row.ts'
import type { Task, TaskOutput } from '../../src/core/task.ts'

export function taskOf(output: TaskOutput): Task {
  return { name: 'test', input: 'input', prompt: '', output, fields: outputFields(output) }
}

export function jsonTask(properties: JsonObject, rest: JsonObject = {}): Task {
  return taskOf({ kind: 'json', schema: { type: 'object', properties, ...rest } })
}

export function exampleOf(input: string, output: Json, rest: Partial<Example> = {}): Example {
  const key = hashText(input)
  const row = { id: key.slice(0, 12), key, input, group: key, source: { file: 'test.jsonl', line: 1 } }
  return { row, output, origin: 'labelled', ...rest }
}

/** Examples of the field "x", absent where undefined. */
export function fieldExamples(
  values: readonly (Json | undefined)[],
  inputs: readonly string[] = [],
): Example[] {
  return values.map((x, index) => exampleOf(inputs[index] ?? `input ${index}`, x === undefined ? {} : { x }))
}

export function repeat<T>(values: readonly T[], times: number): T[] {
  return Array.from({ length: times }, () => values).flat()
}
