/** Refuses, before anything is spent, a task whose answers the student could never give. */
import { refuseErrors } from '../core/check-examples.ts'
import { PotstillError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Example } from '../core/row.ts'
import { checkClassLimits } from '../steps/curate/filters/over-class-limit.ts'
import { trainers } from '../students/registry.ts'
import type { Session } from './session.ts'

/** Fewer rows than this say little about what values a field takes. */
const leastRowsToTell = 30

/** @throws CONFIG_INVALID for a limit on an unknown field, TRAINING_REFUSED where the task or rows with known answers show it, TASK_UNSUPPORTED for text without any. */
export async function checkTask(session: Session): Promise<void> {
  const { config, task } = session
  checkClassLimits(task, config.curate.maxPerValue)
  const trainer = await trainers[config.student.kind]()
  // A base model that is not there is better known before the teacher is paid.
  await session.base()
  refuseErrors(trainer.checkTask?.(task) ?? [])
  const known = knownAnswers(session)
  if (known.length === 0 && task.output.kind === 'text' && trainer.kind === 'micro') {
    throw new PotstillError('TASK_UNSUPPORTED', `the ${trainer.kind} student cannot write free text`, {
      hint: 'Give task.output as { labels: [...] } or a JSON Schema of enums, booleans, numbers and quoted strings; or train a language model: student: { kind: lm, base: ... }.',
    })
  }
  if (known.length >= leastRowsToTell) refuseErrors(trainer.check(task, { training: known, validation: [] }))
}

/** Labelled rows, else evaluation rows: looked at for the shape of their answers, learned from they are not. */
function knownAnswers(session: Session): Example[] {
  const labelled = session.labelledExamples()
  if (labelled.length > 0) return [...labelled]
  const { evaluation, needsExpected } = session.rows
  if (needsExpected) return []
  return evaluation.map((row) => ({ row, output: row.expected as Json, origin: 'labelled' }))
}
