/** Another model scores the answer. */
import { criterionGrader } from './criterion-grader.ts'
import type { GraderFactory } from './grader-factory.ts'

export const scoreModel: GraderFactory<'score_model'> = (config, { tools }) =>
  criterionGrader(
    {
      type: 'score_model',
      name: config.name ?? `score by ${config.model}`,
      model: config.model,
      input: [{ role: 'user', content: config.prompt }],
      range: config.range,
      pass_threshold: config.passThreshold,
      sampling_params: { temperature: config.temperature },
    },
    tools,
  )
