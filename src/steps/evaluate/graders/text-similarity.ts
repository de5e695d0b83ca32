/** How near the answer is to the expected one, by a metric. */
import { criterionGrader } from './criterion-grader.ts'
import type { GraderFactory } from './grader-factory.ts'

export const textSimilarity: GraderFactory<'text_similarity'> = (config, { tools }) =>
  criterionGrader(
    {
      type: 'text_similarity',
      name: config.name ?? `similarity ${config.metric}`,
      evaluation_metric: config.metric,
      input: config.input,
      reference: config.reference,
      pass_threshold: config.passThreshold,
      model: config.model,
    },
    tools,
  )
