/** Trains a student on the curated examples: decides what is held out, then leaves the work to the kind's trainer. */
import { refuseErrors } from '../../core/check-examples.ts'
import type { StepEvent } from '../../core/event.ts'
import type { Example } from '../../core/row.ts'
import { splitByGroup } from '../../core/split.ts'
import type { Problem, TrainedStudent, Trainer, TrainingData, TrainOptions } from '../../core/student.ts'
import type { Task } from '../../core/task.ts'

/** Below this many rows to hold out, cross-validation makes better use of them. */
const leastValidationRows = 100
const validationShare = 0.1

/** A tenth of the groups for validation when that is at least 100 rows; else none, and the trainer cross-validates. */
export function splitValidation(examples: readonly Example[], seed: number): TrainingData {
  if (examples.length * validationShare < leastValidationRows) return { training: examples, validation: [] }
  const byRow = examples.map((example) => ({ example, group: example.row.group }))
  const { rest, heldOut } = splitByGroup(byRow, validationShare, seed)
  return { training: rest.map(({ example }) => example), validation: heldOut.map(({ example }) => example) }
}

/** Says the trainer's warnings, refuses what it refuses, trains. */
export async function* train(
  trainer: Trainer,
  task: Task,
  data: TrainingData,
  options: TrainOptions,
): AsyncGenerator<StepEvent, TrainedStudent> {
  const problems = trainer.check(task, data)
  refuseErrors(problems)
  for (const problem of problems) yield { type: 'message', level: 'warning', text: sentence(problem) }
  return yield* trainer.train(task, data, options)
}

function sentence(problem: Problem): string {
  return problem.hint === undefined ? problem.text : `${problem.text} ${problem.hint}`
}
