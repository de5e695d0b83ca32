/** Another model puts the answer under one of several labels. */
import { criterionGrader } from './criterion-grader.ts'
import type { GraderFactory } from './grader-factory.ts'

export const labelModel: GraderFactory<'label_model'> = (config, { tools }) =>
  criterionGrader(
    {
      type: 'label_model',
      name: config.name ?? `label by ${config.model}`,
      model: config.model,
      input: [{ role: 'user', content: config.prompt }],
      labels: config.labels,
      passing_labels: config.passingLabels,
      sampling_params: { temperature: config.temperature },
    },
    tools,
  )
