/** A network of one hidden layer over sparse features with a softmax for each head, and its training. */
import type { Random } from '../../../core/random.ts'
import { adamState, applyAdam, type AdamState } from './adam.ts'
import type { FeatureMatrix } from './feature-matrix.ts'
import { createKernels, paddedWidth, type Kernels } from './kernels.ts'

/** Where a head's values lie among the outputs. */
export interface HeadRange {
  readonly offset: number
  readonly size: number
}

export interface NetworkSettings {
  /** Hidden units, a multiple of 4. */
  readonly hidden: number
  /** The learning rate falls to nothing over so many epochs. */
  readonly epochs: number
  readonly learningRate: number
  readonly featureDropout: number
  readonly hiddenDropout: number
  readonly labelSmoothing: number
  readonly batch: number
  readonly random: Random
}

export interface Network {
  readonly hidden: number
  /** Outputs padded to a multiple of 4. */
  readonly width: number
  /** (features x hidden), by feature */
  readonly inputWeights: Float32Array
  /** (hidden) */
  readonly hiddenBias: Float32Array
  /** (hidden x width), by hidden unit */
  readonly outputWeights: Float32Array
  /** (width) */
  readonly outputBias: Float32Array
}

/** A network in training: its weights, their moments and the values of the batch at hand. */
export interface NetworkTraining {
  readonly network: Network
  readonly settings: NetworkSettings
  readonly kernels: Kernels
  readonly matrix: FeatureMatrix
  /** (rows x outputs) */
  readonly targets: Float32Array
  readonly outputs: number
  readonly heads: readonly HeadRange[]
  readonly indices: Int32Array
  readonly values: Float32Array
  /** (features) running mean of squared gradients, and how much of a mean it is yet */
  readonly featureSquares: Float32Array
  readonly featureShares: Float32Array
  readonly dense: { readonly hiddenBias: AdamState; readonly weights: AdamState; readonly bias: AdamState }
  readonly batch: BatchValues
  /** Batches learnt from so far. */
  step: number
}

interface BatchValues {
  /** Features that dropout kept, row after row, with their values. */
  readonly indices: Int32Array
  readonly values: Float32Array
  /** (batch + 1) */
  readonly starts: Int32Array
  /** (batch x hidden) slopes of the loss by hidden value */
  readonly slopes: Float32Array
  /** (hidden) of the row at hand, and of those the ones that are not 0 */
  readonly hidden: Float32Array
  readonly active: Int32Array
  readonly activeValues: Float32Array
  readonly activeSlopes: Float32Array
  /** (width) logits of the row at hand, then the slopes of the loss by them */
  readonly logits: Float32Array
}

const squareDecay = 0.999
const initialWeight = 0.05

/** A fresh network over a matrix of all rows, from which `trainEpoch` learns those it is given. */
export function startNetwork(
  matrix: FeatureMatrix,
  features: number,
  targets: Float32Array,
  heads: readonly HeadRange[],
  settings: NetworkSettings,
): NetworkTraining {
  const { hidden, batch } = settings
  const outputs = heads.reduce((sum, head) => sum + head.size, 0)
  const width = paddedWidth(outputs)
  const entries = matrix.indices.length
  const batchEntries = batch * matrix.longestRow
  const kernels = createKernels(
    features * hidden + 2 * (entries + batchEntries) + (batch + 5) * hidden + 2 * hidden * width + 2 * width,
    20,
  )
  const network = createNetwork(kernels, features, hidden, width, outputs, settings.random)
  const indices = kernels.integers(entries)
  const values = kernels.floats(entries)
  indices.set(matrix.indices)
  values.set(matrix.values)
  return {
    network,
    settings,
    kernels,
    matrix,
    targets,
    outputs,
    heads,
    indices,
    values,
    featureSquares: new Float32Array(features),
    featureShares: new Float32Array(features),
    dense: {
      hiddenBias: adamState(network.hiddenBias),
      weights: adamState(network.outputWeights, kernels.floats(hidden * width)),
      bias: adamState(network.outputBias),
    },
    batch: {
      indices: kernels.integers(batchEntries),
      values: kernels.floats(batchEntries),
      starts: new Int32Array(batch + 1),
      slopes: kernels.floats(batch * hidden),
      hidden: kernels.floats(hidden),
      active: kernels.integers(hidden),
      activeValues: kernels.floats(hidden),
      activeSlopes: kernels.floats(hidden),
      logits: kernels.floats(width),
    },
    step: 0,
  }
}

function createNetwork(
  kernels: Kernels,
  features: number,
  hidden: number,
  width: number,
  outputs: number,
  random: Random,
): Network {
  const inputWeights = kernels.floats(features * hidden)
  for (let i = 0; i < inputWeights.length; i++) inputWeights[i] = (random.next() * 2 - 1) * initialWeight
  const outputWeights = kernels.floats(hidden * width)
  // Glorot and Bengio 2010; what is padding stays 0.
  const limit = Math.sqrt(6 / (hidden + outputs))
  for (let i = 0; i < outputWeights.length; i++) {
    if (i % width < outputs) outputWeights[i] = (random.next() * 2 - 1) * limit
  }
  const hiddenBias = kernels.floats(hidden)
  return { hidden, width, inputWeights, hiddenBias, outputWeights, outputBias: kernels.floats(width) }
}

/** Learns once from each of the given rows, in their order; returns the summed loss (nats, without smoothing). */
export function trainBatches(training: NetworkTraining, rows: Int32Array, steps: number): number {
  const { settings } = training
  let loss = 0
  for (let from = 0; from < rows.length; from += settings.batch) {
    const batch = rows.subarray(from, Math.min(rows.length, from + settings.batch))
    const rate = settings.learningRate * Math.max(0, 1 - training.step / steps)
    training.step++
    for (let place = 0; place < batch.length; place++) loss += learnRow(training, batch[place], place)
    const scale = 1 / batch.length
    for (const state of Object.values(training.dense)) applyAdam(state, training.step, rate, scale)
    for (let place = 0; place < batch.length; place++) updateFeatures(training, place, rate)
  }
  return loss
}

/** Forward and backward for one row at its place in the batch; dense gradients are summed. */
function learnRow(training: NetworkTraining, row: number, place: number): number {
  const { network, settings, kernels, batch, dense } = training
  const { hidden } = network
  dropFeatures(training, row, place)
  batch.hidden.set(network.hiddenBias)
  const start = batch.starts[place] * 4
  kernels.addRows(
    batch.hidden.byteOffset,
    network.inputWeights.byteOffset,
    batch.indices.byteOffset + start,
    batch.values.byteOffset + start,
    batch.starts[place + 1] - batch.starts[place],
    hidden,
  )
  const scale = 1 / (1 - settings.hiddenDropout)
  const active = activate(training, scale, settings.hiddenDropout)
  scoreHidden(training, active)
  const loss = outputSlopes(training, row * training.outputs)
  const units = batch.active.byteOffset
  const logits = batch.logits.byteOffset
  const values = batch.activeValues.byteOffset
  kernels.addToRows(logits, dense.weights.gradient.byteOffset, units, values, active, network.width)
  for (let i = 0; i < training.outputs; i++) dense.bias.gradient[i] += batch.logits[i]
  const slopes = batch.activeSlopes.byteOffset
  kernels.dotRows(logits, network.outputWeights.byteOffset, units, slopes, active, network.width)
  const from = place * hidden
  batch.slopes.fill(0, from, from + hidden)
  for (let i = 0; i < active; i++) {
    const slope = batch.activeSlopes[i] * scale
    batch.slopes[from + batch.active[i]] = slope
    dense.hiddenBias.gradient[batch.active[i]] += slope
  }
  return loss
}

function dropFeatures(training: NetworkTraining, row: number, place: number): void {
  const { matrix, batch, settings } = training
  const { featureDropout, random } = settings
  const scale = 1 / (1 - featureDropout)
  let at = place === 0 ? 0 : batch.starts[place]
  batch.starts[place] = at
  const end = matrix.starts[row + 1]
  for (let i = matrix.starts[row]; i < end; i++) {
    if (random.next() < featureDropout) continue
    batch.indices[at] = matrix.indices[i]
    batch.values[at++] = matrix.values[i] * scale
  }
  batch.starts[place + 1] = at
}

/** ReLU and dropout; lists the hidden units that are not 0 and returns how many there are. */
function activate(training: NetworkTraining, scale: number, dropout: number): number {
  const { hidden, active, activeValues } = training.batch
  const { random } = training.settings
  let count = 0
  for (let unit = 0; unit < hidden.length; unit++) {
    if (hidden[unit] <= 0 || (dropout > 0 && random.next() < dropout)) continue
    active[count] = unit
    activeValues[count++] = hidden[unit] * scale
  }
  return count
}

function scoreHidden(training: NetworkTraining, active: number): void {
  const { network, kernels, batch } = training
  batch.logits.set(network.outputBias)
  kernels.addRows(
    batch.logits.byteOffset,
    network.outputWeights.byteOffset,
    batch.active.byteOffset,
    batch.activeValues.byteOffset,
    active,
    network.width,
  )
}

/** Turns logits into slopes of the smoothed loss; returns the plain cross-entropy summed over heads. */
function outputSlopes(training: NetworkTraining, at: number): number {
  const { targets } = training
  const { logits } = training.batch
  const smoothing = training.settings.labelSmoothing
  let loss = 0
  for (const { offset, size } of training.heads) {
    const logSum = logSumOfExponentials(logits, offset, size)
    for (let i = offset; i < offset + size; i++) {
      const target = targets[at + i]
      if (target > 0) loss -= target * (logits[i] - logSum)
      logits[i] = Math.exp(logits[i] - logSum) - (target * (1 - smoothing) + smoothing / size)
    }
  }
  return loss
}

export function logSumOfExponentials(logits: Float32Array, offset: number, size: number): number {
  let largest = -Infinity
  for (let i = offset; i < offset + size; i++) if (logits[i] > largest) largest = logits[i]
  let sum = 0
  for (let i = offset; i < offset + size; i++) sum += Math.exp(logits[i] - largest)
  return Math.log(sum) + largest
}

/**
 * Moves the input weights of the features of one row of the batch. Squared gradients are kept one a feature
 * rather than one a weight, so that a step costs no more than adding rows up.
 */
function updateFeatures(training: NetworkTraining, place: number, rate: number): void {
  const { network, kernels, batch, featureSquares, featureShares } = training
  const { hidden } = network
  const slopesFrom = place * hidden
  let square = 0
  for (let unit = 0; unit < hidden; unit++) square += batch.slopes[slopesFrom + unit] ** 2
  square /= hidden
  const start = batch.starts[place]
  const end = batch.starts[place + 1]
  for (let i = start; i < end; i++) {
    const feature = batch.indices[i]
    const value = batch.values[i]
    featureShares[feature] += (1 - squareDecay) * (1 - featureShares[feature])
    featureSquares[feature] += (1 - squareDecay) * (value * value * square - featureSquares[feature])
    const typical = Math.sqrt(featureSquares[feature] / featureShares[feature]) + 1e-8
    batch.values[i] = (-rate * value) / typical
  }
  kernels.addToRows(
    batch.slopes.byteOffset + slopesFrom * 4,
    network.inputWeights.byteOffset,
    batch.indices.byteOffset + start * 4,
    batch.values.byteOffset + start * 4,
    end - start,
    hidden,
  )
}

/** Writes the logits of the given rows, nothing dropped, into `logits` (rows of the matrix x outputs). */
export function scoreRows(training: NetworkTraining, rows: Int32Array, logits: Float32Array): void {
  const { network, kernels, batch, matrix, outputs } = training
  for (const row of rows) {
    batch.hidden.set(network.hiddenBias)
    const start = matrix.starts[row]
    kernels.addRows(
      batch.hidden.byteOffset,
      network.inputWeights.byteOffset,
      training.indices.byteOffset + start * 4,
      training.values.byteOffset + start * 4,
      matrix.starts[row + 1] - start,
      network.hidden,
    )
    scoreHidden(training, activate(training, 1, 0))
    for (let i = 0; i < outputs; i++) logits[row * outputs + i] = batch.logits[i]
  }
}
