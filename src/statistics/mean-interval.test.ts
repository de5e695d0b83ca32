import { describe, expect, it } from 'vitest'
import { meanInterval } from './mean-interval.ts'

const repeat = (value: number, times: number): number[] => Array.from({ length: times }, () => value)

describe('meanInterval', () => {
  // scipy 1.17: beta.ppf(0.025, k, n - k + 1) and beta.ppf(0.975, k + 1, n - k).
  it.each([
    [18, 20, 0.6830173, 0.9876515],
    [190, 200, 0.9099725, 0.9757658],
  ])('is the interval of Clopper and Pearson for %i of %i rows right', (right, rows, low, high) => {
    const interval = meanInterval([...repeat(1, right), ...repeat(0, rows - right)])
    expect(interval[0]).toBeCloseTo(low, 3)
    expect(interval[1]).toBeCloseTo(high, 3)
  })

  it('agrees with 2,000,000 sampled weightings of graded scores', () => {
    // numpy, seed 7: quantiles of sum(g x) / sum(g) with gamma weights, one more row of 0 (low) or of 1 (high).
    const [low, high] = meanInterval([...repeat(1, 30), ...repeat(5 / 6, 6), ...repeat(0.5, 3), 0])
    expect(low).toBeCloseTo(0.80361, 3)
    expect(high).toBeCloseTo(0.96172, 3)
  })

  it('is not certain of 1 after 20 perfect rows', () => {
    const [low, high] = meanInterval(repeat(1, 20))
    expect(low).toBeCloseTo(0.8316, 2)
    expect(high).toBe(1)
  })

  it('is not certain of a value in between after 20 equal rows', () => {
    const [low, high] = meanInterval(repeat(0.5, 20))
    expect(low).toBeLessThan(0.45)
    expect(high).toBeGreaterThan(0.55)
  })

  it('knows nothing without rows, and next to nothing from one', () => {
    expect(meanInterval([])).toEqual([0, 1])
    const [low, high] = meanInterval([1])
    expect(low).toBeLessThan(0.03)
    expect(high).toBe(1)
  })

  it('holds the mean itself, also where all scores are 0', () => {
    const [low, high] = meanInterval(repeat(0, 30))
    expect(low).toBe(0)
    expect(high).toBeGreaterThan(0.1)
  })

  it('is always-valid, hence wider, where one may look after any row', () => {
    const scores = Array.from({ length: 90 }, (_, row) => (row % 45 === 44 ? 0 : row % 18 === 9 ? 0.5 : 1))
    const [low, high] = meanInterval(scores)
    const always = meanInterval(scores, 'any')
    expect(always[0]).toBeLessThan(low)
    expect(always[1]).toBeGreaterThan(high)
    expect(meanInterval([], 'any')).toEqual([0, 1])
  })

  it('holds the mean also where what came first spoke against it', () => {
    const scores = [...repeat(1, 200), ...repeat(0, 60)]
    expect(meanInterval(scores, 'any')[0]).toBeLessThanOrEqual(200 / 260)
  })
})
