import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { expectedCalibrationError } from './calibration.ts'
import { fitPower } from './fit-power.ts'

/** Answers whose chance of being right is their confidence raised to a power. */
function answersOf(power: number, count: number) {
  const random = createRandom(3)
  return Array.from({ length: count }, () => {
    const confidence = 0.2 + 0.8 * random.next()
    return { confidence, correct: random.next() < confidence ** power }
  })
}

describe('fitPower', () => {
  it('finds the power that makes confidences honest', () => {
    expect(fitPower(answersOf(2, 4000))).toBeCloseTo(2, 0)
    expect(fitPower(answersOf(0.5, 4000))).toBeCloseTo(0.5, 1)
    const answers = answersOf(2, 400)
    const power = fitPower(answers)
    const bent = answers.map(({ confidence, correct }) => ({ confidence: confidence ** power, correct }))
    expect(expectedCalibrationError(bent)).toBeLessThan(expectedCalibrationError(answers) ?? 0)
  })

  it('leaves confidences alone where there is too little to go by', () => {
    expect(fitPower([])).toBe(1)
    expect(fitPower(answersOf(4, 19))).toBe(1)
  })

  it('stays within bounds where all answers are right or none is', () => {
    const all = answersOf(1, 50).map(({ confidence }) => ({ confidence, correct: true }))
    const none = all.map(({ confidence }) => ({ confidence, correct: false }))
    for (const power of [fitPower(all), fitPower(none)]) {
      expect(power).toBeGreaterThanOrEqual(0.125)
      expect(power).toBeLessThanOrEqual(8)
    }
  })
})
