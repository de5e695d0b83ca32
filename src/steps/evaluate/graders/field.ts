/** Passes when one field of the answer equals that field of the expected one. */
import { equalJson } from '../../../core/json.ts'
import { binaryGrade, part, type GraderFactory } from './grader-factory.ts'

export const field: GraderFactory<'field'> = (config) => ({
  name: config.name ?? `field ${config.path}`,
  async grade(row, answer) {
    if (row.expected === undefined) return { error: 'the row has no expected answer' }
    if (answer.value === undefined) return binaryGrade(false, 'there is a valid answer')
    const equal = equalJson(part(answer.value, config.path), part(row.expected, config.path))
    return binaryGrade(equal, `${config.path} equals the expected value`)
  },
})
