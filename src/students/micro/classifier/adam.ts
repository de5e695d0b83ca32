/** Adam (Kingma and Ba 2015) for the dense weights of the classifier's network. */

export interface AdamState {
  readonly weights: Float32Array
  /** Summed over a batch, then taken by a step and zeroed. */
  readonly gradient: Float32Array
  readonly mean: Float32Array
  readonly square: Float32Array
}

/** `gradient` may lie where the caller's loops can reach it; it has the length of `weights`. */
export function adamState(
  weights: Float32Array,
  gradient: Float32Array = new Float32Array(weights.length),
): AdamState {
  return {
    weights,
    gradient,
    mean: new Float32Array(weights.length),
    square: new Float32Array(weights.length),
  }
}

/** One step on the gradient times `scale`; `step` counts from 1. Zeroes the gradient. */
export function applyAdam(state: AdamState, step: number, rate: number, scale: number): void {
  const { weights, gradient, mean, square } = state
  const meanScale = rate / (1 - 0.9 ** step)
  const squareScale = 1 / (1 - 0.999 ** step)
  for (let i = 0; i < weights.length; i++) {
    const slope = gradient[i] * scale
    mean[i] += 0.1 * (slope - mean[i])
    square[i] += 0.001 * (slope * slope - square[i])
    weights[i] -= (mean[i] * meanScale) / (Math.sqrt(square[i] * squareScale) + 1e-8)
    gradient[i] = 0
  }
}
