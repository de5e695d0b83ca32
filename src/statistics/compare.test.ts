import { describe, expect, it } from 'vitest'
import type { JudgedAnswer } from '../core/measure.ts'
import { compareArms, scoresOf } from './compare.ts'

const judged = (score: number): JudgedAnswer => ({
  rowId: 'row',
  rowKey: 'key',
  content: '',
  correct: {},
  score,
  exact: score === 1,
  grades: {},
  latencyMs: null,
  priceUsd: null,
})

describe('compareArms', () => {
  it('gives first minus second, with wins and losses by exact match', () => {
    const student = scoresOf('student', [1, 1, 0.5, 0.5, 1].map(judged))
    const teacher = scoresOf('teacher', [1, 0.5, 1, 0.5, 0].map(judged))
    const comparison = compareArms(student, teacher)
    expect(comparison).toMatchObject({ first: 'student', second: 'teacher', wins: 2, losses: 1, pValue: 1 })
    expect(comparison.difference).toBeCloseTo(0.2, 9)
    expect(comparison.interval[0]).toBeLessThan(0)
    expect(comparison.interval[1]).toBeGreaterThan(0.2)
  })
})
