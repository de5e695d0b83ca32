/** Puts trained networks, linear model and blend together as the model that answers. */
import { createFeatureBuffer } from '../runtime/features.js'
import type { ClassifierModel, ScaledRows } from '../runtime/classifier.js'
import type { HeadCalibration } from './calibrate.ts'
import type { LinearModel } from './linear-model.ts'
import type { Network } from './network.ts'
import type { Problem } from './problem.ts'
import type { HeadSpec } from './classifier-row.ts'

/** Several networks become one, their hidden units side by side and their logits averaged. */
export function assembleModel(
  problem: Problem,
  heads: readonly HeadSpec[],
  networks: readonly Network[],
  linear: LinearModel,
  calibrations: readonly HeadCalibration[],
): ClassifierModel {
  const { vocabulary, outputs, ranges } = problem
  const share = 1 / networks.length
  const hidden = networks.reduce((sum, network) => sum + network.hidden, 0)
  const outputBias = new Float32Array(outputs)
  for (const network of networks) {
    for (let i = 0; i < outputs; i++) outputBias[i] += share * network.outputBias[i]
  }
  const outputWeights = networks.map((network) => narrow(network.outputWeights, network.width, outputs))
  return {
    vocabulary,
    heads: heads.map((head, place) => ({
      key: head.key,
      values: head.values,
      offset: ranges[place].offset,
      ...calibrations[place],
    })),
    outputs,
    hidden,
    input: plain(sideBySide(networks, vocabulary.size, hidden), vocabulary.size),
    hiddenBias: joined(networks.map((network) => network.hiddenBias)),
    output: plain(
      joined(outputWeights).map((weight) => weight * share),
      hidden,
    ),
    outputBias,
    linear: plain(narrow(linear.weights, linear.width, outputs), vocabulary.size),
    linearBias: linear.bias,
    buffer: createFeatureBuffer(vocabulary.size),
  }
}

function plain(weights: Float32Array, rows: number): ScaledRows {
  return { weights, scales: new Float32Array(rows).fill(1) }
}

/** The first `outputs` columns of rows of `width`. */
function narrow(weights: Float32Array, width: number, outputs: number): Float32Array {
  const rows = weights.length / width
  const narrowed = new Float32Array(rows * outputs)
  for (let row = 0; row < rows; row++) {
    narrowed.set(weights.subarray(row * width, row * width + outputs), row * outputs)
  }
  return narrowed
}

function sideBySide(networks: readonly Network[], features: number, hidden: number): Float32Array {
  const weights = new Float32Array(features * hidden)
  let column = 0
  for (const network of networks) {
    for (let row = 0; row < features; row++) {
      const own = network.inputWeights.subarray(row * network.hidden, (row + 1) * network.hidden)
      weights.set(own, row * hidden + column)
    }
    column += network.hidden
  }
  return weights
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
