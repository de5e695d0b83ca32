import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { chooseThreshold, coveragePoints, losslessCoverage } from './coverage.ts'

const rows = [
  { confidence: 0.9, studentScore: 1, teacherScore: 0.5 },
  { confidence: 0.6, studentScore: 0.5, teacherScore: 1 },
  { confidence: 0.6, studentScore: 1, teacherScore: 1 },
  { confidence: 0.2, studentScore: 0, teacherScore: 1 },
]

describe('coveragePoints', () => {
  it('has the student answer from each confidence down, rows of one confidence together', () => {
    expect(coveragePoints(rows)).toEqual([
      { threshold: 0.9, coverage: 0.25, studentScore: 1, cascadeScore: 1 },
      { threshold: 0.6, coverage: 0.75, studentScore: 2.5 / 3, cascadeScore: 3.5 / 4 },
      { threshold: 0.2, coverage: 1, studentScore: 2.5 / 4, cascadeScore: 2.5 / 4 },
    ])
  })

  it('has no points without rows', () => {
    expect(coveragePoints([])).toEqual([])
    expect(losslessCoverage([])).toBeNull()
  })
})

describe('losslessCoverage', () => {
  it('is the highest coverage at which the mixture scores no less than the teacher', () => {
    expect(losslessCoverage(rows)).toBe(0.75)
  })

  it('is null where the student loses from its surest answer on', () => {
    expect(losslessCoverage([{ confidence: 1, studentScore: 0, teacherScore: 1 }])).toBeNull()
  })
})

describe('chooseThreshold', () => {
  const answer = (confidence: number, score: number) => ({ confidence, score })
  const sure = Array.from({ length: 100 }, (_, row) => answer(0.9 + row / 2000, 1))

  it('takes the lowest threshold whose loss is surely within the margin', () => {
    const unsure = Array.from({ length: 100 }, (_, row) => answer(0.3 + row / 2000, row % 2))
    const chosen = chooseThreshold([...sure, ...unsure], 0.02)
    // 1 wrong of 200 has Wilson's one-sided 90 % bound at 1.66 %, 2 wrong at 2.37 % (statsmodels, alpha 0.2).
    expect(chosen?.loss).toBeCloseTo(1 / 200, 9)
    expect(chosen?.lossBound).toBeCloseTo(0.016567, 5)
    expect(chosen?.coverage).toBeCloseTo(0.515, 9)
    expect(chosen?.threshold).toBeCloseTo(0.3 + 97 / 2000, 9)
  })

  it('counts a loss by its score', () => {
    const graded = [...sure, ...Array.from({ length: 10 }, (_, row) => answer(0.5 + row / 100, 0.9))]
    expect(chooseThreshold(graded, 0.03)?.loss).toBeCloseTo(1 / 110, 9)
  })

  it('gives none where too few rows are kept', () => {
    const wrong = Array.from({ length: 420 }, (_, row) => answer(row / 1000, 0))
    expect(chooseThreshold([...sure, ...wrong], 0.001)).toBeNull()
    expect(chooseThreshold([...sure, ...wrong], 0.02)?.coverage).toBeGreaterThan(0.19)
  })

  it('gives none from too few rows, whatever they say', () => {
    expect(chooseThreshold(sure.slice(0, 80), 0.02)).toBeNull()
    expect(chooseThreshold(sure.slice(0, 81), 0.02)?.coverage).toBe(1)
    expect(chooseThreshold([], 0.02)).toBeNull()
  })

  it('loses more than the margin in at most a tenth of the experiments', () => {
    // Right with probability 1 - (1 - c)^2 at confidence c uniform in 0..1: the true loss at t is (1 - t)^3 / 3.
    const random = createRandom(3)
    let beyond = 0
    let kept = 0
    for (let experiment = 0; experiment < 400; experiment++) {
      const heldOut = Array.from({ length: 300 }, () => {
        const confidence = random.next()
        return answer(confidence, random.next() < 1 - (1 - confidence) ** 2 ? 1 : 0)
      })
      const threshold = chooseThreshold(heldOut, 0.04)?.threshold ?? 1
      if ((1 - threshold) ** 3 / 3 > 0.04) beyond++
      kept += 1 - threshold
    }
    expect(beyond).toBeLessThanOrEqual(40)
    // The most that could be kept is 0.12^(1/3) = 0.49.
    expect(kept / 400).toBeGreaterThan(0.35)
  })
})
