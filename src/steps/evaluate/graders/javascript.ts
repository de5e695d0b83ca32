/** The user's own function in JavaScript, in a sandbox. */
import { criterionGrader } from './criterion-grader.ts'
import type { GraderFactory } from './grader-factory.ts'

export const javascript: GraderFactory<'javascript'> = (config, { tools }) =>
  criterionGrader(
    {
      type: 'javascript',
      name: config.name ?? 'javascript',
      source: config.source,
      pass_threshold: config.passThreshold,
    },
    tools,
  )
