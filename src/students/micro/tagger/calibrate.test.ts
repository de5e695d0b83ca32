import { describe, expect, it } from 'vitest'
import { fitTagCalibration } from './calibrate.ts'

/** `count` answers of a field at one probability, of which a share is right. */
function answers(field: number, probability: number, share: number, count = 200) {
  return Array.from({ length: count }, (_, i) => ({
    field,
    spans: [],
    probability,
    right: i < share * count,
  }))
}

function confidence(calibration: Float64Array, field: number, probability: number): number {
  const logit = Math.log(probability / (1 - probability))
  return 1 / (1 + Math.exp(-calibration[2 * field] * logit - calibration[2 * field + 1]))
}

describe('fitTagCalibration', () => {
  it('leaves the model alone without judged answers', () => {
    expect([...fitTagCalibration([], 2)]).toEqual([1, 0, 1, 0])
  })

  it('brings down what is too sure and leaves what is right', () => {
    const judged = [
      ...answers(0, 0.99, 0.8),
      ...answers(0, 0.6, 0.55),
      ...answers(1, 0.9, 0.9),
      ...answers(1, 0.6, 0.6),
    ]
    const calibration = fitTagCalibration(judged, 2)
    expect(confidence(calibration, 0, 0.99)).toBeCloseTo(0.8, 1)
    expect(confidence(calibration, 1, 0.9)).toBeCloseTo(0.9, 1)
  })

  it('takes a field with few answers for one like the others', () => {
    const judged = [...answers(0, 0.99, 0.8, 400), ...answers(1, 0.99, 1, 3)]
    const calibration = fitTagCalibration(judged, 2)
    expect(confidence(calibration, 1, 0.99)).toBeLessThan(0.95)
  })

  it('stays finite where every answer is right or wrong', () => {
    for (const share of [0, 1]) {
      for (const value of fitTagCalibration(answers(0, 1, share), 1))
        expect(Number.isFinite(value)).toBe(true)
    }
  })
})
