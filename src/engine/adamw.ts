/** AdamW over one flat array, and what is done to gradients before a step. Plain arrays, so a checkpoint can hold them. */

export interface AdamWState {
  /** How many steps were taken. */
  readonly steps: number
  readonly firstMoments: Float32Array
  readonly secondMoments: Float32Array
}

export interface AdamWOptions {
  /** Changed in place. */
  readonly parameters: Float32Array
  /** As long as the parameters; read at each step. */
  readonly gradients: Float32Array
  readonly learningRate: number
  /** 0.9 and 0.999 when absent. */
  readonly betas?: readonly [number, number]
  /** 1e-8 when absent. */
  readonly epsilon?: number
  /** 0 when absent. */
  readonly weightDecay?: number
  /** Goes on from there, in these very arrays; from zeros when absent. */
  readonly state?: AdamWState
}

export interface AdamW extends AdamWState {
  /** Takes one step, with another learning rate when a schedule gives one. */
  step(learningRate?: number): void
}

/** Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019). Throws where lengths differ. */
export function createAdamW(options: AdamWOptions): AdamW {
  const {
    parameters,
    gradients,
    betas: [beta1, beta2] = [0.9, 0.999],
    epsilon = 1e-8,
    weightDecay = 0,
  } = options
  const firstMoments = options.state?.firstMoments ?? new Float32Array(parameters.length)
  const secondMoments = options.state?.secondMoments ?? new Float32Array(parameters.length)
  for (const { length } of [gradients, firstMoments, secondMoments]) {
    if (length !== parameters.length) {
      throw new Error(`AdamW: there are ${parameters.length} parameters, got an array of ${length}`)
    }
  }
  let steps = options.state?.steps ?? 0
  return {
    firstMoments,
    secondMoments,
    get steps() {
      return steps
    },
    step(learningRate = options.learningRate) {
      steps++
      const kept = 1 - learningRate * weightDecay
      const rate = learningRate / (1 - beta1 ** steps)
      const correction = 1 / (1 - beta2 ** steps)
      for (let i = 0; i < parameters.length; i++) {
        const gradient = gradients[i]
        const first = beta1 * firstMoments[i] + (1 - beta1) * gradient
        const second = beta2 * secondMoments[i] + (1 - beta2) * gradient * gradient
        firstMoments[i] = first
        secondMoments[i] = second
        parameters[i] = parameters[i] * kept - (rate * first) / (Math.sqrt(second * correction) + epsilon)
      }
    },
  }
}

/** total += part * factor */
export function accumulate(total: Float32Array, part: Float32Array, factor = 1): void {
  if (total.length !== part.length) {
    throw new Error(`accumulate: lengths differ, got ${total.length} and ${part.length}`)
  }
  for (let i = 0; i < total.length; i++) total[i] += part[i] * factor
}

/**
 * Scales the gradients in place so that their Euclidean norm is at most `largest` (Pascanu et al. 2013), and gives
 * the norm that they had. One that is not finite is given back as it is, and the gradients are left alone.
 */
export function clipByGlobalNorm(gradients: Float32Array, largest: number): number {
  let squares = 0
  for (const gradient of gradients) squares += gradient * gradient
  const norm = Math.sqrt(squares)
  if (norm <= largest || !Number.isFinite(norm)) return norm
  const factor = largest / norm
  for (let i = 0; i < gradients.length; i++) gradients[i] *= factor
  return norm
}
