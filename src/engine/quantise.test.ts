import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { createGraph } from './graph.ts'
import { matmulNBits } from './operations.ts'
import { quantise8 } from './quantise.ts'
import { openSession } from './session.ts'

describe('a matrix of 8-bit numbers', () => {
  it('is off by at most half a step of each block', () => {
    const weights = fc.float32Array({ minLength: 80, maxLength: 80, noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(weights, (w) => {
        const { packed, scales, blocks } = quantise8(w, 2, 40)
        expect([packed.length, scales.length, blocks]).toEqual([128, 4, 2])
        for (const [i, weight] of w.entries()) {
          const [row, column] = [Math.floor(i / 40), i % 40]
          const scale = scales[row * 2 + (column >> 5)]
          const value = (packed[row * 64 + column] - 128) * scale
          expect(Math.abs(value - weight)).toBeLessThanOrEqual(scale * 0.501 + 1e-30)
        }
        expect([...packed.subarray(40, 64)]).toEqual(Array(24).fill(128))
      }),
      { numRuns: 50, seed: 1 },
    )
  })

  it('refuses a matrix of another size', () => {
    expect(() => quantise8(new Float32Array(5), 2, 3)).toThrow('quantise8: (2,3) has 6 elements, got 5')
  })

  it.each([
    ['whole blocks', 96],
    ['a block that is not full', 80],
  ])('multiplies as its numbers say, with %s', async (_, inner) => {
    const [N, out] = [3, 40]
    const random = createRandom(1)
    const [w, x, bias] = [out * inner, N * inner, out].map((n) =>
      new Float32Array(n).map(() => random.normal()),
    )
    const { packed, scales, blocks } = quantise8(w, out, inner)
    const g = createGraph()
    const packedValue = g.constant(packed, [out, blocks, 32], 'uint8')
    const scalesValue = g.constant(scales, [out, blocks])
    g.output('y', matmulNBits(g, g.input('x', [N, inner]), packedValue, scalesValue, g.constant(bias, [out])))
    const session = await openSession(g)
    const { y } = await session.run({ x })
    await session.close()
    const wanted = Array.from({ length: N * out }, (_, i) => {
      const [n, o] = [Math.floor(i / out), i % out]
      let total = bias[o]
      for (let j = 0; j < inner; j++) total += x[n * inner + j] * w[o * inner + j]
      return total
    })
    // x too is rounded to 8 bits: each product is off by about 1 % of a number's size.
    const errors = wanted.map((value, i) => (value - Number(y[i])) ** 2)
    expect(Math.sqrt(errors.reduce((a, b) => a + b) / errors.length)).toBeLessThan(0.02 * Math.sqrt(inner))
  })
})
