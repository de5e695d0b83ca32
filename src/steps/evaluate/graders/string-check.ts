/** Compares text, as OpenAI's string_check does: equal, unequal, contains, contains whatever the case. */
import type { Json } from '../../../core/json.ts'
import { binaryGrade, part, type GraderFactory } from './grader-factory.ts'

const operations = {
  eq: { test: (text: string, wanted: string) => text === wanted, words: 'equals' },
  ne: { test: (text: string, wanted: string) => text !== wanted, words: 'differs from' },
  like: { test: (text: string, wanted: string) => text.includes(wanted), words: 'contains' },
  ilike: {
    test: (text: string, wanted: string) => text.toLowerCase().includes(wanted.toLowerCase()),
    words: 'contains (whatever the case)',
  },
} as const

export const stringCheck: GraderFactory<'string_check'> = (config) => ({
  name: config.name ?? ['string', config.operation, config.path].filter(Boolean).join(' '),
  async grade(row, answer) {
    const wanted = config.value ?? asText(part(row.expected, config.path))
    if (wanted === undefined) return { error: 'there is nothing to compare with' }
    const text = config.path === undefined ? answer.reply.content : asText(part(answer.value, config.path))
    const { test, words } = operations[config.operation]
    const passed = text === undefined ? config.operation === 'ne' : test(text.trim(), wanted.trim())
    return binaryGrade(passed, `${words} ${JSON.stringify(wanted)}`)
  },
})

function asText(value: Json | undefined): string | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}
