import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { accumulate, clipByGlobalNorm, createAdamW, type AdamWState } from './adamw.ts'
import { gradients } from './gradients.ts'
import { createGraph } from './graph.ts'
import { linear, mean, square, subtract } from './operations.ts'
import { learningRateAt } from './schedule.ts'
import { openSession } from './session.ts'

describe('AdamW', () => {
  it('takes the steps of the published algorithm', () => {
    const parameters = Float32Array.of(1, -2)
    const gradients = new Float32Array(2)
    const optimiser = createAdamW({
      parameters,
      gradients,
      learningRate: 0.1,
      weightDecay: 0.01,
      epsilon: 1e-8,
    })
    // From PyTorch 2.14: torch.optim.AdamW([p], lr=0.1, weight_decay=0.01), these gradients one after another.
    gradients.set([0.5, -1])
    optimiser.step()
    expect([...parameters].map((x) => x.toFixed(5))).toEqual(['0.89900', '-1.89800'])
    gradients.set([-0.25, 3])
    optimiser.step()
    expect([...parameters].map((x) => x.toFixed(5))).toEqual(['0.87147', '-1.94552'])
    gradients.set([0, 0])
    optimiser.step(0.2)
    expect([...parameters].map((x) => x.toFixed(5))).toEqual(['0.82855', '-2.01803'])
    expect(optimiser.steps).toBe(3)
  })

  it('goes on from a saved state as if it had not stopped', () => {
    const random = createRandom(1)
    const draws = Array.from({ length: 6 }, () => new Float32Array(5).map(() => random.normal()))
    const train = (parameters: Float32Array, from: number, to: number, state?: AdamWState): AdamWState => {
      const gradients = new Float32Array(5)
      const optimiser = createAdamW({ parameters, gradients, learningRate: 0.01, weightDecay: 0.1, state })
      for (const draw of draws.slice(from, to)) {
        gradients.set(draw)
        optimiser.step()
      }
      return structuredClone({ ...optimiser, step: undefined, steps: optimiser.steps })
    }
    const [whole, stopped] = [new Float32Array(5).fill(1), new Float32Array(5).fill(1)]
    train(whole, 0, 6)
    train(stopped, 3, 6, train(stopped, 0, 3))
    expect(stopped).toEqual(whole)
  })

  it('refuses arrays that are not as long as the parameters', () => {
    const [parameters, gradients] = [new Float32Array(2), new Float32Array(3)]
    expect(() => createAdamW({ parameters, gradients, learningRate: 1 })).toThrow(
      'AdamW: there are 2 parameters, got an array of 3',
    )
  })

  it('fits a linear regression to nothing left, on views of one flat array', async () => {
    const [N, inner, out] = [32, 3, 2]
    const g = createGraph()
    const [w, c] = [g.input('w', [out, inner]), g.input('c', [out])]
    const error = subtract(g, linear(g, g.input('x', [N, inner]), w, c), g.input('wanted', [N, out]))
    const loss = mean(g, square(g, error))
    g.output('loss', loss)
    const slopes = gradients(g, [{ value: loss, gradient: g.constant([1], []) }], [w, c])
    g.output('dw', slopes[0])
    g.output('dc', slopes[1])
    const session = await openSession(g)

    const random = createRandom(1)
    const x = new Float32Array(N * inner).map(() => random.normal())
    const truth = [1, -2, 0.5, 0, 3, -1, 0.25, -0.75]
    const wanted = Float32Array.from({ length: N * out }, (_, i) => {
      const [n, o] = [Math.floor(i / out), i % out]
      return truth[6 + o] + [0, 1, 2].reduce((total, j) => total + truth[o * 3 + j] * x[n * inner + j], 0)
    })
    const [parameters, flat] = [new Float32Array(8), new Float32Array(8)]
    const optimiser = createAdamW({ parameters, gradients: flat, learningRate: 0.1 })
    const schedule = { peak: 0.1, warmUpSteps: 10, totalSteps: 300, decay: 'cosine' } as const
    const feeds = { x, wanted, w: parameters.subarray(0, 6), c: parameters.subarray(6) }
    let last = Infinity
    for (let step = 0; step < schedule.totalSteps; step++) {
      const result = await session.run(feeds, { dw: flat.subarray(0, 6), dc: flat.subarray(6) })
      clipByGlobalNorm(flat, 1)
      optimiser.step(learningRateAt(step, schedule))
      last = Number(result.loss[0])
    }
    await session.close()
    expect(last).toBeLessThan(1e-6)
    for (const [i, value] of truth.entries()) expect(parameters[i]).toBeCloseTo(value, 2)
  })
})

describe('gradients before a step', () => {
  it('are shortened together to the largest norm, and left alone below it', () => {
    const gradients = Float32Array.of(3, 0, 4)
    expect(clipByGlobalNorm(gradients, 10)).toBe(5)
    expect([...gradients]).toEqual([3, 0, 4])
    expect(clipByGlobalNorm(gradients, 0.5)).toBe(5)
    expect([...gradients].map((x) => x.toFixed(4))).toEqual(['0.3000', '0.0000', '0.4000'])
    expect(clipByGlobalNorm(Float32Array.of(1, NaN), 1)).toBeNaN()
  })

  it('are added up over batches', () => {
    const total = Float32Array.of(1, 2)
    accumulate(total, Float32Array.of(4, 6), 0.5)
    expect([...total]).toEqual([3, 5])
    expect(() => accumulate(total, Float32Array.of(1))).toThrow('accumulate: lengths differ, got 2 and 1')
  })
})
