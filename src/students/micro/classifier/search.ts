/** What held-out rows decide: how long to learn for, and what network and linear model say of rows they do not know. */
import type { TrainProgress } from '../../../core/event.ts'
import { blendRow, usualBlend, type HeldOutScores } from './blend.ts'
import { isStopped, learnEpoch, learnLinear, progressLine, startLearning } from './learn.ts'
import { bestEpoch, type EpochLosses } from './learning-curve.ts'
import type { LinearModel } from './linear-model.ts'
import { logSumOfExponentials, scoreRows, type Network, type NetworkTraining } from './network.ts'
import type { Problem, Split } from './problem.ts'

export interface Search {
  readonly scores: HeldOutScores
  readonly curve: readonly EpochLosses[]
  readonly epochs: number
  /** What the first split learnt, at its best epoch: the student, if the user stops here. */
  readonly linear: LinearModel | null
  readonly networks: readonly Network[]
}

/** Epochs without a better held-out loss after which training stops. */
const patience = 4

/** Trains on all splits in step, epoch by epoch, until the mean held-out loss no longer falls. */
export async function* searchOnHeldOut(
  problem: Problem,
  splits: readonly Split[],
): AsyncGenerator<TrainProgress, Search> {
  const { targets, outputs, settings, ranges } = problem
  const scores = {
    rows: Int32Array.from(splits.flatMap((split) => [...split.heldOut])).sort(),
    network: new Float32Array(targets.length),
    linear: new Float32Array(targets.length),
    targets,
    outputs,
  }
  if (splits.length === 0) return { scores, curve: [], epochs: settings.epochs, linear: null, networks: [] }
  const linear = await scoreByLinear(problem, splits, scores.linear)
  const trainings = splits.map((_, split) =>
    Array.from({ length: settings.networks }, (_, index) =>
      startLearning(problem, split * settings.networks + index),
    ),
  )
  const latest = new Float32Array(targets.length)
  const curve: EpochLosses[] = []
  let networks: readonly Network[] = []
  for (let epoch = 1; epoch <= settings.epochs && epoch - bestEpoch(curve) <= patience; epoch++) {
    let loss = 0
    let learnt = 0
    for (const [index, split] of splits.entries()) {
      if (isStopped(problem) && curve.length > 0) break
      for (const training of trainings[index]) loss += await learnEpoch(training, split.training)
      learnt += split.training.length * settings.networks
      scoreTogether(trainings[index], split.heldOut, latest)
    }
    if (isStopped(problem) && curve.length > 0) break
    const judged = judge(problem, scores, latest)
    const losses = { trainLoss: loss / (learnt * ranges.length), heldOutLoss: judged.loss }
    curve.push(losses)
    const best = bestEpoch(curve) === epoch
    if (best) {
      scores.network.set(latest)
      networks = trainings[0].map((training) => copyNetwork(training.network))
    }
    const line = { part: 'classifier', epoch, epochs: settings.epochs, best }
    yield progressLine({ ...line, validationAccuracy: judged.accuracy }, losses)
  }
  return { scores, curve, epochs: bestEpoch(curve), linear, networks }
}

/** Writes the mean logits of several networks for the given rows. */
function scoreTogether(trainings: readonly NetworkTraining[], rows: Int32Array, logits: Float32Array): void {
  const own = new Float32Array(logits.length)
  const { outputs } = trainings[0]
  for (const row of rows) logits.fill(0, row * outputs, (row + 1) * outputs)
  for (const training of trainings) {
    scoreRows(training, rows, own)
    for (const row of rows) {
      for (let i = row * outputs; i < (row + 1) * outputs; i++) logits[i] += own[i] / trainings.length
    }
  }
}

/** Writes what each split's linear model says of its held-out rows; returns the first. */
async function scoreByLinear(
  problem: Problem,
  splits: readonly Split[],
  scores: Float32Array,
): Promise<LinearModel | null> {
  const { outputs } = problem
  let first: LinearModel | null = null
  for (const split of splits) {
    const model = await learnLinear(problem, split.training)
    first ??= model
    for (const row of split.heldOut) {
      scores.set(model.scores.subarray(row * outputs, (row + 1) * outputs), row * outputs)
    }
  }
  return first
}

/** Mean loss a head and row of the network, and the share of rows that the usual blend answers wholly right. */
function judge(
  { ranges }: Problem,
  scores: HeldOutScores,
  logits: Float32Array,
): { loss: number; accuracy: number } {
  const current = { ...scores, network: logits }
  let loss = 0
  let right = 0
  for (const row of scores.rows) {
    let wrong = false
    for (const range of ranges) {
      const from = row * scores.outputs + range.offset
      const logSum = logSumOfExponentials(logits, from, range.size)
      const target = scores.targets.subarray(from, from + range.size)
      target.forEach((share, i) => {
        loss += share * (logSum - logits[from + i])
      })
      if (largestAt(blendRow(current, range, usualBlend, row)) !== largestAt(target)) wrong = true
    }
    if (!wrong) right++
  }
  return { loss: loss / (scores.rows.length * ranges.length), accuracy: right / scores.rows.length }
}

function largestAt(values: Float32Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}

function copyNetwork(network: Network): Network {
  return {
    ...network,
    inputWeights: network.inputWeights.slice(),
    hiddenBias: network.hiddenBias.slice(),
    outputWeights: network.outputWeights.slice(),
    outputBias: network.outputBias.slice(),
  }
}
