import { describe, expect, it } from 'vitest'
import { missedBars, simulateCell } from '../bench/verdict.ts'

/** A small part of `npm run bench -- verdict`, which has more cells and 1,000 experiments in each. */
describe('verdicts in simulation', () => {
  it.each([
    { losses: 'spread', teacherScore: 0.88, rows: 100 },
    { losses: 'spread', teacherScore: 0.94, rows: 200 },
    { losses: 'whole rows', teacherScore: 0.94, rows: 200 },
    { losses: 'whole rows', teacherScore: 0.99, rows: 50 },
  ] as const)('are wrong as rarely as they say: $losses, teacher $teacherScore, $rows rows', (cell) => {
    expect(missedBars(simulateCell(cell, 300, 11))).toEqual([])
  })

  it('ship four in five students that are as good as a nearly perfect teacher, on 200 rows', () => {
    expect(simulateCell({ losses: 'spread', teacherScore: 0.99, rows: 200 }, 100, 5).power).toBeGreaterThan(
      0.7,
    )
  })
})
