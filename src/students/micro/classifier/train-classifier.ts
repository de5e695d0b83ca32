/** Trains the classifier: chooses epochs, blend and temperature on held-out rows, then learns from all rows. */
import { setImmediate } from 'node:timers/promises'
import type { TrainProgress } from '../../../core/event.ts'
import type { Json } from '../../../core/json.ts'
import { createRandom, type Random } from '../../../core/random.ts'
import type { HeldOut, PartOptions } from '../held-out.ts'
import type { ClassifierModel } from '../runtime/classifier.js'
import { assembleModel } from './assemble-model.ts'
import { blendRow, fitBlend, usualBlend, type Blend, type HeldOutScores } from './blend.ts'
import type { ClassifierRow, HeadSpec } from './classifier-row.ts'
import { bestEpoch, describeOverfitting, type EpochLosses } from './learning-curve.ts'
import { trainLinearModel, type LinearModel } from './linear-model.ts'
import {
  logSumOfExponentials,
  scoreRows,
  startNetwork,
  trainBatches,
  type Network,
  type NetworkTraining,
} from './network.ts'
import { makeSplits, prepareProblem, type Problem, type Split } from './problem.ts'

export type { ClassifierRow, HeadSpec }

export interface HeldOutProbabilities {
  /** Into the held-out rows where they are fixed, else into the training rows. */
  readonly index: number
  /** Calibrated, by the head's key. */
  readonly probabilities: Readonly<Record<string, Float32Array>>
}

export interface TrainedClassifier {
  readonly model: ClassifierModel
  readonly heldOut: readonly HeldOutProbabilities[]
  /** Epochs that the network learnt for. */
  readonly epochs: number
  readonly overfitting: { readonly detected: boolean; readonly text: string }
  readonly details: Readonly<Record<string, Json>>
  readonly interrupted: boolean
}

/** Epochs without a better held-out loss after which training stops. */
const patience = 4
/** Rows learnt from between two looks at the clock and the signal. */
const chunkRows = 256
const linearPasses = 20
const network = { featureDropout: 0.25, hiddenDropout: 0.3, labelSmoothing: 0.05, batch: 16 }

/**
 * Each row must have a distribution for each head. Yields a line of the training curve after each epoch on held-out
 * rows ("classifier"), then after each epoch on all rows. Nothing random but `options.seed` matters.
 */
export async function* trainClassifier(
  rows: readonly ClassifierRow[],
  heads: readonly HeadSpec[],
  heldOut: HeldOut<ClassifierRow>,
  options: PartOptions,
): AsyncGenerator<TrainProgress, TrainedClassifier> {
  const fixed = heldOut.kind === 'rows' ? heldOut.rows : []
  const problem = prepareProblem([...rows, ...fixed], heads, options)
  const splits = makeSplits(rows.length, heldOut)
  const search = yield* searchOnHeldOut(problem, splits)
  const blends = problem.ranges.map((range) => fitBlend(search.scores, range))
  const full = yield* learnAll(problem, search)
  const model = assembleModel(problem, heads, full.networks, full.linear, blends)
  return {
    model,
    heldOut: heldOutProbabilities(search.scores, problem, heads, blends, fixed.length > 0 ? rows.length : 0),
    epochs: search.epochs,
    overfitting: describeOverfitting(search.curve),
    details: describe(problem, heads, blends, full.networks.length),
    interrupted: options.signal?.aborted === true,
  }
}

/** What the held-out rows decided, and what was learnt on the way, in case the user stops here. */
interface Search {
  readonly scores: HeldOutScores
  readonly curve: readonly EpochLosses[]
  readonly epochs: number
  readonly linear: LinearModel | null
  readonly network: Network | null
}

/** Trains on all splits in step, epoch by epoch, until the mean held-out loss no longer falls. */
async function* searchOnHeldOut(
  problem: Problem,
  splits: readonly Split[],
): AsyncGenerator<TrainProgress, Search> {
  const { targets, outputs, settings, options } = problem
  const scores = {
    rows: Int32Array.from(splits.flatMap((split) => [...split.heldOut])).sort(),
    network: new Float32Array(targets.length),
    linear: new Float32Array(targets.length),
    targets,
    outputs,
  }
  if (splits.length === 0) return { scores, curve: [], epochs: settings.epochs, linear: null, network: null }
  let linear: LinearModel | null = null
  for (const split of splits) {
    const model = await learnLinear(problem, split.training, createRandom(options.seed))
    linear ??= model
    for (const row of split.heldOut) copyRow(model.scores, scores.linear, row, outputs)
  }
  const trainings = splits.map((_, index) => start(problem, options.seed * 1000 + index))
  const latest = new Float32Array(targets.length)
  const curve: EpochLosses[] = []
  let kept: Network | null = null
  for (let epoch = 1; epoch <= settings.epochs && epoch - bestEpoch(curve) <= patience; epoch++) {
    let loss = 0
    let learnt = 0
    for (const [index, split] of splits.entries()) {
      loss += await learnEpoch(problem, trainings[index], split.training)
      learnt += split.training.length
      scoreRows(trainings[index], split.heldOut, latest)
    }
    if (options.signal?.aborted === true && epoch > 1) break
    const judged = judge(problem, scores, latest)
    curve.push({ trainLoss: loss / (learnt * problem.ranges.length), heldOutLoss: judged.loss })
    const best = bestEpoch(curve) === epoch
    if (best) {
      scores.network.set(latest)
      kept = copyNetwork(trainings[0].network)
    }
    yield progress('classifier', epoch, settings.epochs, curve[epoch - 1], judged.accuracy, best)
    if (options.signal?.aborted === true) break
  }
  return { scores, curve, epochs: bestEpoch(curve), linear, network: kept }
}

/** Learns from every row for the epochs that were best; what the search learnt, where the user stops it. */
async function* learnAll(
  problem: Problem,
  search: Search,
): AsyncGenerator<TrainProgress, { linear: LinearModel; networks: readonly Network[] }> {
  const { settings, options, matrix } = problem
  const rows = Int32Array.from({ length: matrix.rows }, (_, row) => row)
  const stopped = (): boolean => options.signal?.aborted === true
  const fallback =
    search.linear === null || search.network === null
      ? null
      : { linear: search.linear, networks: [search.network] }
  if (stopped() && fallback !== null) return fallback
  const linear = await learnLinear(problem, rows, createRandom(options.seed))
  const part = search.curve.length === 0 ? 'classifier' : 'classifier, all rows'
  const networks: Network[] = []
  for (let index = 0; index < settings.networks && !(stopped() && networks.length > 0); index++) {
    const training = start(problem, options.seed * 1000 + 500 + index)
    let epoch = 0
    while (epoch < search.epochs && !(stopped() && epoch > 0)) {
      const loss = (await learnEpoch(problem, training, rows)) / (rows.length * problem.ranges.length)
      epoch++
      const losses = { trainLoss: loss, heldOutLoss: null }
      const total = search.epochs * settings.networks
      yield progress(part, index * search.epochs + epoch, total, losses, null, true)
    }
    if (epoch === search.epochs || networks.length === 0) networks.push(training.network)
    if (stopped() && fallback !== null && epoch < search.epochs && index === 0) return fallback
  }
  return { linear, networks }
}

async function learnLinear(problem: Problem, rows: Int32Array, random: Random): Promise<LinearModel> {
  const { matrix, targets, outputs, vocabulary, settings } = problem
  const options = { cost: settings.linearCost, passes: linearPasses, random }
  const passes = trainLinearModel(matrix, rows, targets, outputs, vocabulary.size, options)
  for (;;) {
    const pass = passes.next()
    if (pass.done === true) return pass.value
    await setImmediate()
  }
}

function start(problem: Problem, seed: number): NetworkTraining {
  const { matrix, vocabulary, targets, ranges, settings } = problem
  return startNetwork(matrix, vocabulary.size, targets, ranges, {
    ...network,
    hidden: settings.hidden,
    epochs: settings.epochs,
    learningRate: settings.learningRate,
    random: createRandom(seed),
  })
}

/** One pass over the rows in a new order, in pieces so that others have their turn; returns the summed loss. */
async function learnEpoch(problem: Problem, training: NetworkTraining, rows: Int32Array): Promise<number> {
  const order = training.settings.random.shuffle(rows.slice())
  const steps = Math.ceil(rows.length / training.settings.batch) * training.settings.epochs
  let loss = 0
  for (let from = 0; from < order.length; from += chunkRows) {
    loss += trainBatches(training, order.subarray(from, Math.min(order.length, from + chunkRows)), steps)
    await setImmediate()
  }
  return loss
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
    const from = row * scores.outputs
    let wrong = false
    for (const range of ranges) {
      const logSum = logSumOfExponentials(logits, from + range.offset, range.size)
      const target = scores.targets.subarray(from + range.offset, from + range.offset + range.size)
      target.forEach((share, i) => {
        if (share > 0) loss -= share * (logits[from + range.offset + i] - logSum)
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

function copyRow(from: Float32Array, to: Float32Array, row: number, outputs: number): void {
  to.set(from.subarray(row * outputs, (row + 1) * outputs), row * outputs)
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

function progress(
  part: string,
  epoch: number,
  epochs: number,
  losses: EpochLosses,
  validationAccuracy: number | null,
  best: boolean,
): TrainProgress {
  const { trainLoss, heldOutLoss } = losses
  return {
    type: 'train',
    part,
    epoch,
    epochs,
    trainLoss,
    validationLoss: heldOutLoss,
    validationAccuracy,
    best,
  }
}

function heldOutProbabilities(
  scores: HeldOutScores,
  { ranges }: Problem,
  heads: readonly HeadSpec[],
  blends: readonly Blend[],
  firstRow: number,
): readonly HeldOutProbabilities[] {
  return Array.from(scores.rows, (row) => ({
    index: row - firstRow,
    probabilities: Object.fromEntries(
      heads.map((head, place) => [head.key, blendRow(scores, ranges[place], blends[place], row)]),
    ),
  }))
}

function describe(
  problem: Problem,
  heads: readonly HeadSpec[],
  blends: readonly Blend[],
  networks: number,
): Readonly<Record<string, Json>> {
  const { vocabulary, settings } = problem
  return {
    features: vocabulary.size,
    wordFeatures: vocabulary.wordFeatures,
    hidden: settings.hidden * networks,
    networks,
    learningRate: settings.learningRate,
    linearCost: settings.linearCost,
    blends: Object.fromEntries(heads.map((head, place) => [head.key, { ...blends[place] }])),
  }
}
