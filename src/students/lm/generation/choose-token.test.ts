import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../core/random.ts'
import { chooseToken, type ChoiceOptions } from './choose-token.ts'

const probabilities = [0.1, 0.4, 0.2, 0.25, 0.05]
const logProbabilities = Float32Array.from(probabilities, Math.log)

function options(more: Partial<ChoiceOptions> = {}): ChoiceOptions {
  return { allowed: null, temperature: 0, topP: 1, random: createRandom(1), alternatives: 0, ...more }
}

/** How often each token is chosen in many draws, as shares. */
function shares(more: Partial<ChoiceOptions>): number[] {
  const drawn = options({ temperature: 1, ...more })
  const counts = probabilities.map(() => 0)
  for (let i = 0; i < 20_000; i++) counts[chooseToken(logProbabilities, drawn).token]++
  return counts.map((count) => count / 20_000)
}

const bits = (...ids: number[]): Uint32Array => Uint32Array.of(ids.reduce((sum, id) => sum | (1 << id), 0))

function expectShares(found: readonly number[], expected: readonly number[]): void {
  for (const [i, share] of expected.entries()) expect(Math.abs(found[i] - share)).toBeLessThan(0.015)
}

describe('chooseToken', () => {
  it('takes the likeliest at temperature 0, the first of equals', () => {
    expect(chooseToken(logProbabilities, options()).token).toBe(1)
    expect(chooseToken(Float32Array.of(0, 2, 1, 2), options()).token).toBe(1)
  })

  it('takes none that is not allowed, and says how likely its choice was among the allowed', () => {
    const choice = chooseToken(logProbabilities, options({ allowed: bits(0, 2, 4), alternatives: 2 }))
    expect(choice).toMatchObject({ token: 2, allowed: 3 })
    expect(choice.logProbability).toBeCloseTo(Math.log(0.2 / 0.35), 5)
    expect(choice.alternatives.map(({ token }) => token)).toEqual([2, 0])
    expect(choice.alternatives[1].logProbability).toBeCloseTo(Math.log(0.1 / 0.35), 5)
  })

  it('reads bits of every word, and none beyond the vocabulary', () => {
    const wide = Float32Array.from({ length: 70 }, (_, id) => id)
    const words = Uint32Array.of(1, 0x8000_0000, 0xffff_ffff)
    expect(chooseToken(wide, options({ allowed: words }))).toMatchObject({ token: 69, allowed: 8 })
    words[2] = 0
    expect(chooseToken(wide, options({ allowed: words }))).toMatchObject({ token: 63, allowed: 2 })
  })

  it('samples each token as often as it is likely', () => {
    expectShares(shares({}), probabilities)
    expectShares(shares({ allowed: bits(0, 1) }), [0.2, 0.8, 0, 0, 0])
  })

  it('is bolder at a higher temperature', () => {
    const roots = probabilities.map(Math.sqrt)
    const total = roots.reduce((sum, root) => sum + root, 0)
    expectShares(
      shares({ temperature: 2 }),
      roots.map((root) => root / total),
    )
  })

  it('keeps to the fewest tokens that have the probability asked for', () => {
    expectShares(shares({ topP: 0.6 }), [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0])
    expect(shares({ topP: 0.0001 })[1]).toBe(1)
  })
})
