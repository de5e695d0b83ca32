/** string_check: one text equals, differs from or contains another. */
import type { CriterionGrade, CriterionJudge } from '../grade-criterion.ts'
import { fillAll } from './outcome.ts'

const operations = {
  eq: { test: (text: string, wanted: string) => text === wanted, words: 'equals' },
  ne: { test: (text: string, wanted: string) => text !== wanted, words: 'differs from' },
  like: { test: (text: string, wanted: string) => text.includes(wanted), words: 'contains' },
  ilike: {
    test: (text: string, wanted: string) => text.toLowerCase().includes(wanted.toLowerCase()),
    words: 'contains (whatever the case)',
  },
} as const

export const stringCheckGrade: CriterionJudge<'string_check'> = async (criterion, variables) => {
  const texts = fillAll({ input: criterion.input, reference: criterion.reference }, variables)
  return 'error' in texts ? texts : compareTexts(criterion.operation, texts.input, texts.reference)
}

/** Texts as they are, white space included. */
export function compareTexts(
  operation: keyof typeof operations,
  text: string,
  wanted: string,
): Exclude<CriterionGrade, { error: string }> {
  const { test, words } = operations[operation]
  const passed = test(text, wanted)
  const claim = `${words} ${JSON.stringify(wanted)}`
  const score = passed ? 1 : 0
  return { score, share: score, passed, reason: passed ? claim : `not so: ${claim}` }
}
