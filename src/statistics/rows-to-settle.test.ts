import { describe, expect, it } from 'vitest'
import { pairedDifference } from './paired-bootstrap.ts'
import { rowsToSettle } from './rows-to-settle.ts'

/** `rows` differences of mean about `centre` and standard deviation 0.2. */
const spread = (rows: number, centre: number): number[] =>
  Array.from({ length: rows }, (_, row) => centre + (row % 2 === 0 ? 0.2 : -0.2))

describe('rowsToSettle', () => {
  it('is the usual sample size where rows are many', () => {
    // (1.960 + 0.842)^2 x 0.2^2 / 0.02^2 = 785 for a difference of 0 and a margin of 2 points; the pseudo-rows add a little.
    const rows = rowsToSettle(spread(100, 0), 0.02)
    expect(rows).toBeGreaterThan(785)
    expect(rows).toBeLessThan(850)
  })

  it('gives a number of rows with which the interval does clear the margin', () => {
    const rows = rowsToSettle(spread(60, 0.01), 0.02)
    const differences = spread(rows, 0.01)
    const { interval } = pairedDifference(
      differences.map((d) => 0.5 + d),
      differences.map(() => 0.5),
    )
    expect(interval[0]).toBeGreaterThan(-0.02)
  })

  it('asks for fewer rows the worse a student beyond the margin is', () => {
    expect(rowsToSettle(spread(100, -0.1), 0.02)).toBeLessThan(rowsToSettle(spread(100, -0.03), 0.02))
  })

  it('stays finite at the margin, with no margin, and without rows', () => {
    for (const rows of [
      rowsToSettle(spread(10, -0.02), 0.02),
      rowsToSettle(spread(10, 0), 0),
      rowsToSettle([], 0.02),
    ]) {
      expect(rows).toBeGreaterThan(100)
      expect(rows).toBeLessThan(100_000)
    }
  })

  it('takes, where one may look after any row, as many alike rows at least as docs/verdict.md says', () => {
    const alike = (margin: number): number => rowsToSettle([0], margin, 'any')
    expect([0.1, 0.05, 0.02].map(alike)).toEqual([69, 149, 405])
  })

  it('counts, where one may look after any row, until the always-valid interval clears the margin', () => {
    const rows = rowsToSettle(spread(60, 0.01), 0.02, 'any')
    const low = (count: number): number =>
      pairedDifference(
        spread(count, 0.01).map((d) => 0.5 + d),
        spread(count, 0).map(() => 0.5),
        0.95,
        'any',
      ).interval[0]
    expect(low(rows)).toBeGreaterThan(-0.02)
    expect(low(rows - 1)).toBeLessThanOrEqual(-0.02)
    expect(rowsToSettle(spread(100, -0.1), 0.02, 'any')).toBeLessThan(200)
    expect(rowsToSettle(spread(10, -0.02), 0.02, 'any')).toBe(20_000)
  })
})
