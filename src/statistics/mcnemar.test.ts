import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { anytimeMcNemar, exactMcNemar } from './mcnemar.ts'

describe('exactMcNemar', () => {
  // statsmodels 0.15, mcnemar([[0, b], [c, 0]], exact=True); equal to scipy.stats.binomtest(b, b + c).
  it.each([
    [6, 16, 0.052478790283],
    [0, 5, 0.0625],
    [3, 1, 0.625],
    [10, 10, 1],
    [700, 800, 0.010559255467],
  ])('gives the p-value of %i wins and %i losses', (wins, losses, pValue) => {
    expect(exactMcNemar(wins, losses)).toBeCloseTo(pValue, 9)
  })

  it('finds nothing where no row tells the arms apart', () => {
    expect(exactMcNemar(0, 0)).toBe(1)
  })

  it('does not underflow with many rows', () => {
    expect(exactMcNemar(5000, 5000)).toBe(1)
    expect(exactMcNemar(4900, 5100)).toBeGreaterThan(0.04)
  })
})

describe('anytimeMcNemar', () => {
  it.each([
    // (n + 1)! / (2^n wins! losses!) in whole numbers.
    [10, 0, 11 / 1024],
    [2, 9, (12 * 55) / 2048],
    [1, 1, 1],
    [0, 0, 1],
  ])('gives the p-value of %i wins and %i losses', (wins, losses, pValue) => {
    expect(anytimeMcNemar(wins, losses)).toBeCloseTo(pValue, 12)
    expect(anytimeMcNemar(losses, wins)).toBeCloseTo(pValue, 12)
  })

  it('is more careful than the test at a number of rows set beforehand', () => {
    expect(anytimeMcNemar(16, 6)).toBeGreaterThan(exactMcNemar(16, 6))
    expect(anytimeMcNemar(700, 800)).toBeGreaterThan(exactMcNemar(700, 800))
  })

  it('ever falls to 0.05 in at most 5 % of 1,000 runs of a fair coin', () => {
    const random = createRandom(6)
    let fallen = 0
    for (let run = 0; run < 1000; run++) {
      const counts = [0, 0]
      for (let row = 0, done = false; row < 200 && !done; row++) {
        counts[random.below(2)]++
        done = anytimeMcNemar(counts[0], counts[1]) <= 0.05
        if (done) fallen++
      }
    }
    expect(fallen).toBeGreaterThan(0)
    expect(fallen).toBeLessThanOrEqual(50)
  })
})
