import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { expectedCalibrationError, reliabilityPoints } from './calibration.ts'

/** `rows` answers of one confidence, `right` of them right. */
const answers = (confidence: number, right: number, rows: number) =>
  Array.from({ length: rows }, (_, row) => ({ confidence, correct: row < right }))

describe('reliabilityPoints', () => {
  it('gives one point a group of equally confident answers, least confident first', () => {
    // 8 rows, two bins: the upper one would split the 0.9 group, which stays whole.
    const points = reliabilityPoints([...answers(0.9, 4, 5), ...answers(0.4, 1, 3)])
    expect(points.map(({ rows, accuracy }) => [rows, accuracy])).toEqual([[8, 5 / 8]])
    const apart = reliabilityPoints([...answers(0.9, 4, 4), ...answers(0.4, 1, 4)])
    expect(apart.map(({ rows, accuracy, confidence }) => [rows, accuracy, confidence])).toEqual([
      [4, 0.25, 0.4],
      [4, 1, 0.9],
    ])
  })

  it('makes more bins from more rows, all about equally full', () => {
    const random = createRandom(1)
    const many = Array.from({ length: 1000 }, () => ({ confidence: random.next(), correct: true }))
    expect(reliabilityPoints(many).map((point) => point.rows)).toEqual(Array.from({ length: 10 }, () => 100))
    expect(reliabilityPoints(many.slice(0, 64))).toHaveLength(4)
  })
})

describe('expectedCalibrationError', () => {
  it('is the gap between confidence and accuracy, weighted by rows', () => {
    const given = [...answers(0.9, 3, 4), ...answers(0.4, 3, 4)]
    expect(expectedCalibrationError(given)).toBeCloseTo((4 * 0.15 + 4 * 0.35) / 8, 9)
  })

  it('does not depend on the order of equally confident answers', () => {
    const given = answers(0.7, 70, 100)
    expect(expectedCalibrationError(given)).toBeCloseTo(0, 9)
    expect(expectedCalibrationError([...given].reverse())).toBeCloseTo(0, 9)
  })

  it('is small for a model that means what it says and large for one that boasts', () => {
    const random = createRandom(2)
    const honest = Array.from({ length: 5000 }, () => {
      const confidence = 0.5 + random.next() / 2
      return { confidence, correct: random.next() < confidence }
    })
    expect(expectedCalibrationError(honest)).toBeLessThan(0.03)
    expect(
      expectedCalibrationError(honest.map(({ correct }) => ({ confidence: 0.99, correct }))),
    ).toBeGreaterThan(0.2)
  })

  it('is null without answers', () => {
    expect(expectedCalibrationError([])).toBeNull()
  })
})
