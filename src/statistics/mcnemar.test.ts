import { describe, expect, it } from 'vitest'
import { exactMcNemar } from './mcnemar.ts'

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
