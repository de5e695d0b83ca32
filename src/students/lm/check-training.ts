/** Says before training why a language model cannot learn a task from these rows, or what that will be worth. */
import { invalidOutputs, oneOutput } from '../../core/check-examples.ts'
import type { Problem, TrainingData } from '../../core/student.ts'
import type { Task } from '../../core/task.ts'
import { checkConstrainable } from './constrain/check-schema.ts'

/** From so many rows on, some are held out to see whether it overfits. */
export const leastRowsToHoldOut = 10

/** Answers are held to the schema while they are written, so it must be one that they can be held to. */
export function checkTask({ output }: Task): readonly Problem[] {
  return output.kind === 'json' ? checkConstrainable(output.schema) : []
}

/** Errors first. */
export function checkTraining(task: Task, { training, validation }: TrainingData): readonly Problem[] {
  if (training.length === 0) {
    return [{ level: 'error', text: 'There are no training rows.', hint: 'Ten are enough to begin with.' }]
  }
  const errors = invalidOutputs(task, [...training, ...validation])
  if (errors.length > 0) return errors
  return [...fewRows(training.length, validation.length), ...oneOutput(training)]
}

function fewRows(training: number, validation: number): Problem[] {
  if (training >= leastRowsToHoldOut || validation > 0) return []
  const text = `Only ${training} training rows: too few to hold any out, so nobody can see whether it overfits.`
  return [{ level: 'warning', text, hint: `${leastRowsToHoldOut} rows are enough to hold some out.` }]
}
