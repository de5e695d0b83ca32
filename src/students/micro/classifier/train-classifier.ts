/** Trains the classifier: chooses epochs, blend and temperature on held-out rows, then learns from all rows. */
import type { TrainProgress } from '../../../core/event.ts'
import type { Json } from '../../../core/json.ts'
import type { HeldOut, PartOptions } from '../held-out.ts'
import type { ClassifierModel } from '../runtime/classifier.js'
import { assembleModel } from './assemble-model.ts'
import { calibrate, type HeadCalibration } from './calibrate.ts'
import type { ClassifierRow, HeadSpec } from './classifier-row.ts'
import { isStopped, learnEpoch, learnLinear, progressLine, startLearning } from './learn.ts'
import { describeOverfitting } from './learning-curve.ts'
import type { LinearModel } from './linear-model.ts'
import type { Network } from './network.ts'
import { makeSplits, prepareProblem, type Problem } from './problem.ts'
import { searchOnHeldOut, type Search } from './search.ts'

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

interface Learnt {
  readonly linear: LinearModel
  readonly networks: readonly Network[]
}

/** Above every index of a network of the search. */
const allRowsIndex = 500

/**
 * Each row must have a distribution for each head. Yields a line of the training curve after each epoch on held-out
 * rows ("classifier"), then after each epoch on all rows. The same rows and seed give the same weights, bit for bit.
 */
export async function* trainClassifier(
  rows: readonly ClassifierRow[],
  heads: readonly HeadSpec[],
  heldOut: HeldOut<ClassifierRow>,
  options: PartOptions,
): AsyncGenerator<TrainProgress, TrainedClassifier> {
  const fixed = heldOut.kind === 'rows' ? heldOut.rows : []
  const problem = prepareProblem([...rows, ...fixed], heads, options)
  const search = yield* searchOnHeldOut(problem, makeSplits(rows.length, heldOut))
  const { calibrations, probabilities } = calibrate(search.scores, problem.ranges)
  const learnt = yield* learnAll(problem, search)
  const firstRow = fixed.length > 0 ? rows.length : 0
  return {
    model: assembleModel(problem, heads, learnt.networks, learnt.linear, calibrations),
    heldOut: Array.from(search.scores.rows, (row, place) => ({
      index: row - firstRow,
      probabilities: Object.fromEntries(heads.map(({ key }, head) => [key, probabilities[head][place]])),
    })),
    epochs: search.epochs,
    overfitting: describeOverfitting(search.curve),
    details: describe(problem, heads, calibrations, learnt.networks.length),
    interrupted: isStopped(problem),
  }
}

/** Learns from every row for the epochs that were best; or takes what the search learnt, where the user stops it. */
async function* learnAll(problem: Problem, search: Search): AsyncGenerator<TrainProgress, Learnt> {
  const { settings, matrix, ranges } = problem
  const fallback = search.linear === null ? null : { linear: search.linear, networks: search.networks }
  if (isStopped(problem) && fallback !== null) return fallback
  const rows = Int32Array.from({ length: matrix.rows }, (_, row) => row)
  const linear = await learnLinear(problem, rows)
  const trainings = Array.from({ length: settings.networks }, (_, index) =>
    startLearning(problem, allRowsIndex + index),
  )
  const part = search.curve.length === 0 ? 'classifier' : 'classifier, all rows'
  for (let epoch = 1; epoch <= search.epochs; epoch++) {
    let loss = 0
    for (const training of trainings) loss += await learnEpoch(training, rows)
    const trainLoss = loss / (rows.length * ranges.length * trainings.length)
    const line = { part, epoch, epochs: search.epochs, best: true, validationAccuracy: null }
    yield progressLine(line, { trainLoss, heldOutLoss: null })
    if (!isStopped(problem) || epoch === search.epochs) continue
    if (fallback !== null) return fallback
    break
  }
  return { linear, networks: trainings.map(({ network }) => network) }
}

function describe(
  { vocabulary, settings }: Problem,
  heads: readonly HeadSpec[],
  calibrations: readonly HeadCalibration[],
  networks: number,
): Readonly<Record<string, Json>> {
  const twoDigits = (value: number): number => Number(value.toFixed(2))
  return {
    features: vocabulary.size,
    hidden: settings.hidden,
    networks,
    learningRate: settings.learningRate,
    linearCost: settings.linearCost,
    heads: Object.fromEntries(
      heads.map(({ key }, place) => {
        const { networkScale, linearScale, stack } = calibrations[place]
        const scales = { networkScale: twoDigits(networkScale), linearScale: twoDigits(linearScale) }
        return [key, { ...scales, looksAtOtherHeads: stack !== null }]
      }),
    ),
  }
}
