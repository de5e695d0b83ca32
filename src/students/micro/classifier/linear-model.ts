/** One linear scorer for each value of each head, learnt as support vector machines with squared hinge loss. */
import type { Random } from '../../../core/random.ts'
import type { FeatureMatrix } from './feature-matrix.ts'
import { createKernels, paddedWidth, type Kernels } from './kernels.ts'

export interface LinearSettings {
  /** Weight of the loss against that of small weights. */
  readonly cost: number
  readonly passes: number
  readonly random: Random
  /** Asked after each pass. */
  readonly stop?: () => boolean
}

export interface LinearModel {
  /** (features x width), by feature; width is the number of outputs padded to a multiple of 4. */
  readonly weights: Float32Array
  readonly width: number
  /** (outputs) */
  readonly bias: Float32Array
  /** (rows of the matrix x outputs) scores of every row, learnt from or not. */
  readonly scores: Float32Array
}

interface Work {
  readonly kernels: Kernels
  readonly matrix: FeatureMatrix
  readonly outputs: number
  readonly width: number
  readonly weights: Float32Array
  readonly bias: Float32Array
  readonly indices: Int32Array
  readonly values: Float32Array
  /** (width) of the row at hand */
  readonly scores: Float32Array
  readonly moves: Float32Array
  /** (rows x outputs) how strongly a row pushes a scorer up, and down. */
  readonly up: Float32Array
  readonly down: Float32Array
}

/** No dual variable moved further in a whole pass: near enough to the optimum. */
const tolerance = 0.02

/**
 * Dual coordinate descent (Hsieh and others 2008), every scorer at once, on the given rows of the matrix. A soft
 * target p counts as a positive row of weight p and a negative one of weight 1 - p. `targets` is (rows x outputs).
 * Yields after each pass; stops when nothing moves.
 */
export function* trainLinearModel(
  matrix: FeatureMatrix,
  rows: Int32Array,
  targets: Float32Array,
  outputs: number,
  features: number,
  settings: LinearSettings,
): Generator<void, LinearModel> {
  const work = startWork(matrix, outputs, features)
  const order = rows.slice()
  for (let pass = 0; pass < settings.passes; pass++) {
    settings.random.shuffle(order)
    let largest = 0
    for (const row of order) {
      scoreRow(work, row)
      const moved = moveDuals(work, targets, row, settings.cost)
      if (moved > 0) addMoves(work, row)
      if (moved > largest) largest = moved
    }
    yield
    if (largest < tolerance || settings.stop?.() === true) break
  }
  const scores = new Float32Array(matrix.rows * outputs)
  for (let row = 0; row < matrix.rows; row++) {
    scoreRow(work, row)
    for (let output = 0; output < outputs; output++) scores[row * outputs + output] = work.scores[output]
  }
  return { weights: work.weights, width: work.width, bias: work.bias, scores }
}

function startWork(matrix: FeatureMatrix, outputs: number, features: number): Work {
  const width = paddedWidth(outputs)
  const entries = matrix.indices.length
  const kernels = createKernels(features * width + entries * 2 + width * 2, 5)
  const work = {
    kernels,
    matrix,
    outputs,
    width,
    weights: kernels.floats(features * width),
    bias: new Float32Array(outputs),
    indices: kernels.integers(entries),
    values: kernels.floats(entries),
    scores: kernels.floats(width),
    moves: kernels.floats(width),
    up: new Float32Array(matrix.rows * outputs),
    down: new Float32Array(matrix.rows * outputs),
  }
  work.indices.set(matrix.indices)
  work.values.set(matrix.values)
  return work
}

function scoreRow(work: Work, row: number): void {
  work.scores.set(work.bias)
  const start = work.matrix.starts[row]
  work.kernels.addRows(
    work.scores.byteOffset,
    work.weights.byteOffset,
    work.indices.byteOffset + start * 4,
    work.values.byteOffset + start * 4,
    work.matrix.starts[row + 1] - start,
    work.width,
  )
}

function addMoves(work: Work, row: number): void {
  for (let output = 0; output < work.outputs; output++) work.bias[output] += work.moves[output]
  const start = work.matrix.starts[row]
  work.kernels.addToRows(
    work.moves.byteOffset,
    work.weights.byteOffset,
    work.indices.byteOffset + start * 4,
    work.values.byteOffset + start * 4,
    work.matrix.starts[row + 1] - start,
    work.width,
  )
}

/** One exact step on each dual variable of a row; writes how the scorers move; returns the largest move. */
function moveDuals(work: Work, targets: Float32Array, row: number, cost: number): number {
  const { scores, moves, up, down, outputs } = work
  const curvature = work.matrix.squares[row] + 1
  let largest = 0
  for (let output = 0; output < outputs; output++) {
    const at = row * outputs + output
    const share = targets[at]
    let move = 0
    if (share > 0) {
      const slack = 1 / (2 * cost * share)
      const next = Math.max(0, up[at] - (scores[output] - 1 + slack * up[at]) / (curvature + slack))
      move = next - up[at]
      up[at] = next
    }
    if (share < 1) {
      const slack = 1 / (2 * cost * (1 - share))
      const score = scores[output] + move * curvature
      const next = Math.max(0, down[at] - (-score - 1 + slack * down[at]) / (curvature + slack))
      move -= next - down[at]
      down[at] = next
    }
    moves[output] = move
    const size = Math.abs(move)
    if (size > largest) largest = size
  }
  return largest
}
