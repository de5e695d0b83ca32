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

  it('widens both interval and p-value where one may look after any row', () => {
    const student = scoresOf(
      'student',
      Array.from({ length: 60 }, (_, row) => judged(row % 4 === 0 ? 0 : 1)),
    )
    const teacher = scoresOf(
      'teacher',
      Array.from({ length: 60 }, () => judged(1)),
    )
    const once = compareArms(student, teacher)
    const any = compareArms(student, teacher, 'any')
    expect(any.pValue).toBeGreaterThan(once.pValue)
    expect(any.interval[0]).toBeLessThan(once.interval[0])
    expect(any.interval[1]).toBeGreaterThan(once.interval[1])
  })
})
