/** How much the network and the linear model count for each head, and how sure their sum is: fitted on held-out rows. */
import type { HeadRange } from './network.ts'

/** A head's calibrated logits are networkScale x network logits + linearScale x linear scores. */
export interface Blend {
  readonly networkScale: number
  readonly linearScale: number
}

export interface HeldOutScores {
  /** Rows of the arrays below that were held out. */
  readonly rows: Int32Array
  /** (all rows x outputs) */
  readonly network: Float32Array
  readonly linear: Float32Array
  readonly targets: Float32Array
  readonly outputs: number
}

/** What holds where nothing is held out, and what few held-out rows are drawn towards. */
export const usualBlend: Blend = { networkScale: 0.6, linearScale: 1.5 }
const usualRows = 5
const sweeps = 40

/**
 * Maximum likelihood of the held-out targets, drawn towards the usual blend as if by a few rows. The likelihood is
 * convex in both scales (blend and temperature in one), so Newton steps on one after the other find it.
 */
export function fitBlend(scores: HeldOutScores, head: HeadRange): Blend {
  if (head.size < 2 || scores.rows.length === 0) return usualBlend
  const scales = [usualBlend.networkScale, usualBlend.linearScale]
  const usual = [usualBlend.networkScale, usualBlend.linearScale]
  const parts = [scores.network, scores.linear]
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const which of [0, 1]) {
      const { slope, curvature } = likelihoodSlope(scores, head, parts[which], scales)
      const pull = usualRows * (scales[which] - usual[which])
      const step = (slope + pull) / (curvature + usualRows)
      scales[which] = Math.max(0, scales[which] - Math.max(-0.5, Math.min(0.5, step)))
    }
  }
  return { networkScale: scales[0], linearScale: scales[1] }
}

/** First and second derivative of the negative log-likelihood by the scale of one part. */
function likelihoodSlope(
  scores: HeldOutScores,
  head: HeadRange,
  part: Float32Array,
  scales: readonly number[],
): { slope: number; curvature: number } {
  const probabilities = new Float64Array(head.size)
  let slope = 0
  let curvature = 0
  for (const row of scores.rows) {
    const from = row * scores.outputs + head.offset
    blendInto(probabilities, scores, from, scales[0], scales[1])
    let mean = 0
    let square = 0
    for (let i = 0; i < head.size; i++) {
      const value = part[from + i]
      mean += probabilities[i] * value
      square += probabilities[i] * value * value
      slope -= scores.targets[from + i] * value
    }
    slope += mean
    curvature += square - mean * mean
  }
  return { slope, curvature }
}

function blendInto(
  probabilities: Float64Array | Float32Array,
  scores: HeldOutScores,
  from: number,
  networkScale: number,
  linearScale: number,
): void {
  let largest = -Infinity
  for (let i = 0; i < probabilities.length; i++) {
    probabilities[i] = networkScale * scores.network[from + i] + linearScale * scores.linear[from + i]
    if (probabilities[i] > largest) largest = probabilities[i]
  }
  let sum = 0
  for (let i = 0; i < probabilities.length; i++) {
    probabilities[i] = Math.exp(probabilities[i] - largest)
    sum += probabilities[i]
  }
  for (let i = 0; i < probabilities.length; i++) probabilities[i] /= sum
}

/** Calibrated probabilities of one head for one row. */
export function blendRow(scores: HeldOutScores, head: HeadRange, blend: Blend, row: number): Float32Array {
  const probabilities = new Float32Array(head.size)
  const from = row * scores.outputs + head.offset
  blendInto(probabilities, scores, from, blend.networkScale, blend.linearScale)
  return probabilities
}
