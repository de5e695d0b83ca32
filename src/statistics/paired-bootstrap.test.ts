import { describe, expect, it } from 'vitest'
import { pairedDifference } from './paired-bootstrap.ts'

const repeat = (value: number, times: number): number[] => Array.from({ length: times }, () => value)

/** Two arms whose differences are the given ones. */
function armsWith(differences: readonly number[]): [number[], number[]] {
  return [differences.map((d) => Math.max(0, d)), differences.map((d) => Math.max(0, -d))]
}

const graded = [
  ...repeat(0, 80),
  ...repeat(-1 / 6, 10),
  ...repeat(1 / 6, 5),
  ...repeat(-0.5, 3),
  ...repeat(1, 2),
]

describe('pairedDifference', () => {
  it('agrees with 2,000,000 sampled weightings of the rows', () => {
    // numpy, seed 7: quantiles of sum(g d) / sum(g) with gamma weights over the rows and one row each of -1 and +1.
    const { difference, interval } = pairedDifference(...armsWith(graded))
    expect(difference).toBeCloseTo(-1 / 300, 9)
    expect(interval[0]).toBeCloseTo(-0.04498, 3)
    expect(interval[1]).toBeCloseTo(0.04392, 3)
  })

  it('is wider at a higher level', () => {
    const { interval } = pairedDifference(...armsWith(graded), 0.99)
    expect(interval[0]).toBeCloseTo(-0.06074, 3)
    expect(interval[1]).toBeCloseTo(0.0638, 3)
  })

  it('turns round when the arms are swapped', () => {
    const [first, second] = armsWith(graded)
    const { interval } = pairedDifference(first, second)
    const swapped = pairedDifference(second, first).interval
    expect(swapped[0]).toBeCloseTo(-interval[1], 7)
    expect(swapped[1]).toBeCloseTo(-interval[0], 7)
  })

  it('is about 3 / rows wide on each side where no row differs', () => {
    // numpy as above: 50 zeros give -0.05702 to 0.05699.
    const { difference, interval } = pairedDifference(repeat(1, 50), repeat(1, 50))
    expect(difference).toBe(0)
    expect(interval[0]).toBeCloseTo(-0.057, 2)
    expect(interval[1]).toBeCloseTo(0.057, 2)
  })

  it('holds the difference where one arm wins every row', () => {
    const { difference, interval } = pairedDifference(repeat(1, 20), repeat(0, 20))
    expect(difference).toBe(1)
    expect(interval[1]).toBe(1)
    expect(interval[0]).toBeLessThan(0.85)
  })

  it('gives the t interval where rows are many', () => {
    const many = Array.from({ length: 5000 }, (_, row) => graded[row % graded.length])
    const { difference, interval } = pairedDifference(...armsWith(many))
    const spread = Math.sqrt(many.reduce((sum, d) => sum + (d - difference) ** 2, 0)) / many.length
    expect(interval[0]).toBeCloseTo(difference - 1.96 * spread, 3)
    expect(interval[1]).toBeCloseTo(difference + 1.96 * spread, 3)
  })

  it('knows nothing without rows', () => {
    expect(pairedDifference([], [])).toEqual({ difference: 0, interval: [-1, 1] })
  })

  it('refuses arms with different numbers of rows', () => {
    expect(() => pairedDifference([1, 0], [1])).toThrow('differ in length, got 2 and 1')
  })

  it('is always-valid, hence wider, where one may look after any row', () => {
    const { difference, interval } = pairedDifference(...armsWith(graded))
    const always = pairedDifference(...armsWith(graded), 0.95, 'any')
    expect(always.difference).toBe(difference)
    expect(always.interval[0]).toBeLessThan(interval[0])
    expect(always.interval[1]).toBeGreaterThan(interval[1])
    const surer = pairedDifference(...armsWith(graded), 0.99, 'any').interval
    expect(surer[1] - surer[0]).toBeGreaterThan(always.interval[1] - always.interval[0])
    expect(pairedDifference([], [], 0.95, 'any').interval).toEqual([-1, 1])
  })
})
