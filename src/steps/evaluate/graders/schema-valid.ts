/** Passes when the answer is one that the task's output allows. */
import { binaryGrade, type GraderFactory } from './grader-factory.ts'

export const schemaValid: GraderFactory<'schema_valid'> = (config) => ({
  name: config.name ?? 'schema valid',
  async grade(_row, answer) {
    return answer.invalid === undefined
      ? binaryGrade(true, 'valid against the output schema')
      : { score: 0, passed: false, reason: answer.invalid }
  },
})
