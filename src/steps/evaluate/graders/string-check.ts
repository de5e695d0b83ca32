/** Compares text, as OpenAI's string_check does: equal, unequal, contains, contains whatever the case. */
import type { Json } from '../../../core/json.ts'
import { compareTexts } from './criteria/string-check.ts'
import { binaryGrade, part, type GraderFactory } from './grader-factory.ts'

export const stringCheck: GraderFactory<'string_check'> = (config) => ({
  name: config.name ?? ['string', config.operation, config.path].filter(Boolean).join(' '),
  async grade(row, answer) {
    const wanted = config.value ?? asText(part(row.expected, config.path))
    if (wanted === undefined) return { error: 'there is nothing to compare with' }
    const text = config.path === undefined ? answer.reply.content : asText(part(answer.value, config.path))
    if (text === undefined) return binaryGrade(config.operation === 'ne', 'there is a valid answer')
    return compareTexts(config.operation, text.trim(), wanted.trim())
  },
})

function asText(value: Json | undefined): string | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}
