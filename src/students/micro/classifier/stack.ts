/**
 * A second look at a head in the light of all heads: a small softmax model over the calibrated probabilities of every
 * head, for fields that follow from other fields. Learnt from held-out rows, and kept only where those gain by it.
 */
import { applyStack, leastProbability, type Stack } from '../runtime/classifier.js'
import { adamState, applyAdam } from './adam.ts'
import type { HeadRange } from './network.ts'

/** Calibrated probabilities (rows x outputs) of held-out rows, and their targets. */
export interface StackRows {
  readonly rows: number
  readonly outputs: number
  readonly probabilities: Float32Array
  readonly targets: Float32Array
}

export interface FittedStack {
  readonly stack: Stack
  /** (rows x size) as a stack says that was fitted without the row. */
  readonly unseen: Float32Array
}

const leastRows = 50
/** Beyond these it would take longer than the classifier itself. */
const mostRows = 3000
const mostOutputs = 64
const folds = 4
const steps = 120
const rate = 0.1
const penalty = 0.3
/** Standard errors by which the mean loss of unseen rows must fall. */
const certainty = 2

/** null where there is no other head, too little to learn from, or no gain on rows that were not learnt from. */
export function fitStack(data: StackRows, ranges: readonly HeadRange[], head: HeadRange): FittedStack | null {
  const { rows, outputs } = data
  if (rows < leastRows || rows > mostRows || outputs > mostOutputs || head.size < 2) return null
  if (ranges.every((range) => range === head || range.size < 2)) return null
  const unseen = new Float32Array(rows * head.size)
  const all = Array.from({ length: rows }, (_, row) => row)
  for (let fold = 0; fold < folds; fold++) {
    const stack = learnStack(
      data,
      head,
      all.filter((row) => row % folds !== fold),
    )
    for (let row = fold; row < rows; row += folds) {
      unseen.set(look(stack, data, head, row), row * head.size)
    }
    // Most heads gain nothing, and the first fold shows it.
    if (fold === 0 && gainOf(data, head, unseen, folds).mean <= 0) return null
  }
  const { mean, error } = gainOf(data, head, unseen, 1)
  return mean > certainty * error ? { stack: learnStack(data, head, all), unseen } : null
}

function look(
  stack: Stack,
  { outputs, probabilities }: StackRows,
  head: HeadRange,
  row: number,
): Float32Array {
  const own = probabilities.subarray(row * outputs, (row + 1) * outputs)
  return applyStack(stack, own, head.offset, head.size)
}

/** By how much the loss of unseen rows is lower than without a stack, over every so many-th row. */
function gainOf(
  { rows, outputs, probabilities, targets }: StackRows,
  head: HeadRange,
  unseen: Float32Array,
  every: number,
): { readonly mean: number; readonly error: number } {
  let sum = 0
  let squares = 0
  const count = Math.ceil(rows / every)
  for (let row = 0; row < rows; row += every) {
    let gain = 0
    for (let i = 0; i < head.size; i++) {
      const at = row * outputs + head.offset + i
      gain += targets[at] * (safeLog(unseen[row * head.size + i]) - safeLog(probabilities[at]))
    }
    sum += gain
    squares += gain * gain
  }
  const mean = sum / count
  return { mean, error: Math.sqrt(Math.max(0, squares / count - mean * mean) / count) }
}

function safeLog(probability: number): number {
  return Math.log(Math.max(leastProbability, probability))
}

/** Weights that begin at "as it was" and are drawn to it. */
function learnStack(data: StackRows, head: HeadRange, rows: readonly number[]): Stack {
  const { outputs, probabilities, targets } = data
  const { offset, size } = head
  const weights = adamState(new Float32Array(outputs * size))
  const bias = adamState(new Float32Array(size))
  const own = adamState(Float32Array.of(1))
  for (let step = 1; step <= steps; step++) {
    const stack = { own: own.weights[0], bias: bias.weights, weights: weights.weights }
    for (const row of rows) {
      const slopes = look(stack, data, head, row)
      const from = row * outputs
      for (let i = 0; i < size; i++) {
        slopes[i] -= targets[from + offset + i]
        bias.gradient[i] += slopes[i]
        own.gradient[0] += slopes[i] * safeLog(probabilities[from + offset + i])
      }
      for (let output = 0; output < outputs; output++) {
        const probability = probabilities[from + output]
        for (let i = 0; i < size; i++) weights.gradient[output * size + i] += probability * slopes[i]
      }
    }
    for (let i = 0; i < weights.weights.length; i++) weights.gradient[i] += penalty * weights.weights[i]
    own.gradient[0] += penalty * (own.weights[0] - 1)
    const current = rate * (1 - (step - 1) / steps)
    for (const state of [weights, bias, own]) applyAdam(state, step, current, 1 / rows.length)
  }
  const short = (value: number): number => Number(value.toPrecision(5))
  return {
    own: short(own.weights[0]),
    bias: Array.from(bias.weights, short),
    weights: Array.from(weights.weights, short),
  }
}
