/** The user's own function in Python, where that was allowed. */
import { criterionGrader } from './criterion-grader.ts'
import type { GraderFactory } from './grader-factory.ts'

export const python: GraderFactory<'python'> = (config, { tools }) =>
  criterionGrader(
    {
      type: 'python',
      name: config.name ?? 'python',
      source: config.source,
      pass_threshold: config.passThreshold,
    },
    tools,
  )
