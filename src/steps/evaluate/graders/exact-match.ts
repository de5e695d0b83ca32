/** Passes when the whole answer equals the expected one. */
import { equalJson } from '../../../core/json.ts'
import { binaryGrade, type GraderFactory } from './grader-factory.ts'

export const exactMatch: GraderFactory<'exact_match'> = (config) => ({
  name: config.name ?? 'exact match',
  async grade(row, answer) {
    if (row.expected === undefined) return { error: 'the row has no expected answer' }
    return binaryGrade(equalJson(answer.value, row.expected), 'equals the expected answer')
  },
})
