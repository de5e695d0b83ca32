import { describe, expect, it } from 'vitest'
import { wilsonInterval } from './wilson-interval.ts'

describe('wilsonInterval', () => {
  // Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3; digits by statsmodels 0.15,
  // proportion_confint(k, n, 0.05, 'wilson').
  it.each([
    [81, 263, 0.2552885, 0.3662096],
    [15, 148, 0.0623864, 0.1604872],
    [0, 20, 0, 0.1611252],
    [1, 29, 0.0061132, 0.1717552],
    [195, 200, 0.9428217, 0.9892753],
  ])('gives the published interval of %i in %i', (successes, rows, low, high) => {
    const interval = wilsonInterval(successes, rows)
    expect(interval[0]).toBeCloseTo(low, 6)
    expect(interval[1]).toBeCloseTo(high, 6)
  })

  it('knows nothing without rows', () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1])
  })

  it('ends exactly at 1 where every row is a success, and is not certain of it', () => {
    const [low, high] = wilsonInterval(20, 20)
    expect(high).toBe(1)
    expect(low).toBeCloseTo(1 - 0.1611252, 6)
  })
})
