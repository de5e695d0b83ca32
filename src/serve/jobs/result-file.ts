/** A job's result file: its learning curve as CSV, with OpenAI's column names. */
import type { TrainProgress } from '../../core/event.ts'

const header = 'step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n'

/** One line for each of the curve; a cell is empty where nothing was measured, as training accuracy is not. */
export function* resultLines(curves: readonly TrainProgress[]): Generator<string> {
  yield header
  for (const [index, { trainLoss, validationLoss, validationAccuracy }] of curves.entries()) {
    const cells = [index + 1, trainLoss, '', validationLoss ?? '', validationAccuracy ?? '']
    yield `${cells.join(',')}\n`
  }
}
