/** Says, first of all, which run this is, what it works on and where it lies. */
import { teacherModels, type Config } from '../core/config.ts'
import type { StepEvent } from '../core/event.ts'
import type { Session } from './session.ts'

export async function* announceRun({ run, rows, config, seed }: Session): AsyncGenerator<StepEvent, void> {
  const counts = [
    `${rows.unlabelled.length} unlabelled`,
    `${rows.labelled.length} labelled`,
    `${rows.evaluation.length} evaluation rows`,
  ]
  yield {
    type: 'message',
    level: 'info',
    text: `Run ${run.manifest.id}, seed ${seed}: ${counts.join(', ')}; teacher ${teacherText(config)}; in ${run.folder}`,
  }
  if (rows.captured !== null) yield { type: 'message', level: 'info', text: `${rows.captured.summary}.` }
}

function teacherText(config: Config): string {
  const models = teacherModels(config).map(({ model, samples }) =>
    samples > 1 ? `${samples} x ${model}` : model,
  )
  return 'combine' in config.teacher ? `${config.teacher.combine} of ${models.join(', ')}` : models[0]
}
