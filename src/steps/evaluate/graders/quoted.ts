/** Passes when strings that should be quoted from the input stand in it word for word. */
import type { Json } from '../../../core/json.ts'
import { createQuoteFinder } from '../../../core/quoted.ts'
import { binaryGrade, fieldValue, part, type GraderFactory } from './grader-factory.ts'

export const quoted: GraderFactory<'quoted'> = (config, { task }) => ({
  name: config.name ?? `quoted ${config.path ?? ''}`.trim(),
  async grade(row, answer) {
    if (answer.value === undefined) return binaryGrade(false, 'there is a valid answer')
    const values =
      config.path !== undefined
        ? [part(answer.value, config.path)]
        : task.fields.filter((field) => field.quoted).map((field) => fieldValue(answer.value, field))
    const isQuoted = createQuoteFinder(row.input)
    const missing = values.flatMap(strings).find((text) => !isQuoted(text))
    return missing === undefined
      ? binaryGrade(true, 'every quoted string stands in the input')
      : { score: 0, passed: false, reason: `not in the input: ${JSON.stringify(missing)}` }
  },
})

function strings(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.flatMap(strings) : []
}
