/** Learning from some rows of a problem, in pieces, so that the process stays responsive. */
import { setImmediate } from 'node:timers/promises'
import type { TrainProgress } from '../../../core/event.ts'
import { createRandom } from '../../../core/random.ts'
import type { EpochLosses } from './learning-curve.ts'
import { trainLinearModel, type LinearModel } from './linear-model.ts'
import { startNetwork, trainBatches, type NetworkTraining } from './network.ts'
import type { Problem } from './problem.ts'

/** Rows learnt from between two turns of the event loop. */
const chunkRows = 256
const linearPasses = 20

export function isStopped({ options }: Problem): boolean {
  return options.signal?.aborted === true
}

/** Where the user stops it, it ends after the current pass. */
export async function learnLinear(problem: Problem, rows: Int32Array): Promise<LinearModel> {
  const { matrix, targets, outputs, vocabulary, settings, options } = problem
  const passes = trainLinearModel(matrix, rows, targets, outputs, vocabulary.size, {
    cost: settings.linearCost,
    passes: linearPasses,
    random: createRandom(options.seed),
    stop: () => isStopped(problem),
  })
  for (;;) {
    const pass = passes.next()
    if (pass.done === true) return pass.value
    await setImmediate()
  }
}

/** `index` tells the networks of one training apart. */
export function startLearning(problem: Problem, index: number): NetworkTraining {
  const { matrix, vocabulary, targets, ranges, settings, options } = problem
  const random = createRandom(options.seed * 1000 + index)
  return startNetwork(matrix, vocabulary.size, targets, ranges, { ...settings, random })
}

/** One pass over the rows in a new order; returns the summed loss. */
export async function learnEpoch(training: NetworkTraining, rows: Int32Array): Promise<number> {
  const { settings } = training
  const order = settings.random.shuffle(rows.slice())
  const steps = Math.ceil(rows.length / settings.batch) * settings.epochs
  let loss = 0
  for (let from = 0; from < order.length; from += chunkRows) {
    loss += trainBatches(training, order.subarray(from, Math.min(order.length, from + chunkRows)), steps)
    await setImmediate()
  }
  return loss
}

export function progressLine(
  line: Pick<TrainProgress, 'part' | 'epoch' | 'epochs' | 'best' | 'validationAccuracy'>,
  { trainLoss, heldOutLoss }: EpochLosses,
): TrainProgress {
  return { type: 'train', ...line, trainLoss, validationLoss: heldOutLoss }
}
