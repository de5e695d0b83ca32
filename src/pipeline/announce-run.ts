/** Says, first of all, which run this is, what it works on and where it lies. */
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
    text: `Run ${run.manifest.id}, seed ${seed}: ${counts.join(', ')}; teacher ${config.teacher.model}; in ${run.folder}`,
  }
}
