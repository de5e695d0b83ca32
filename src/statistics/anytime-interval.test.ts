import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { anytimeIntervals } from './anytime-interval.ts'

const twenty = [1, 1, 5 / 6, 1, 1, 0.5, 1, 1, 1, 5 / 6, 1, 1, 1, 2 / 3, 1, 0, 1, 1, 1, 1]

describe('anytimeIntervals', () => {
  it("gives the authors' intervals, one cell wider at each end", () => {
    // confseq 0.0.11 (the authors' code): betting_mart(x, m, theta=0.5, trunc_scale=0.5) on the same grid of
    // 1,001 means, those kept whose capital stayed below 20: 0.480 to 1, 0.759 to 0.971, 0.836 to 0.938.
    const intervals = anytimeIntervals(Array.from({ length: 10 }, () => twenty).flat())
    expect(intervals[9]).toEqual([0.479, 1])
    expect(intervals[49]).toEqual([0.758, 0.972])
    expect(intervals[199]).toEqual([0.835, 0.939])
  })

  it('never widens', () => {
    const intervals = anytimeIntervals(twenty)
    for (let look = 1; look < intervals.length; look++) {
      expect(intervals[look][0]).toBeGreaterThanOrEqual(intervals[look - 1][0])
      expect(intervals[look][1]).toBeLessThanOrEqual(intervals[look - 1][1])
    }
  })

  it('misses the mean at any of 300 looks in at most 5 % of the evaluations', () => {
    const random = createRandom(4)
    let missed = 0
    for (let evaluation = 0; evaluation < 200; evaluation++) {
      const scores = Array.from({ length: 300 }, () => (random.next() < 0.9 ? 1 : random.below(2) / 2))
      const last = anytimeIntervals(scores, 0.05, 200).at(-1) ?? [0, 1]
      if (last[0] > 0.925 || last[1] < 0.925) missed++
    }
    expect(missed).toBeLessThanOrEqual(10)
  })

  it('says nothing before the first score', () => {
    expect(anytimeIntervals([])).toEqual([])
  })
})
