import { describe, expect, it } from 'vitest'
import { breakEven } from './break-even.ts'

const usual = { teacherUsd: 3, trainingUsd: 0.5, replacedUsdPer1000: 0.72, studentUsdPer1000: 0.02 }

describe('breakEven', () => {
  it('divides what was spent by the saving of a call, and shows the sum', () => {
    expect(breakEven(usual)).toEqual({
      calls: 5000,
      text: "It pays for itself after 5,000 calls: $3.00 for the teacher's answers and $0.50 for training, $0.02 instead of $0.72 per thousand calls.",
    })
  })

  it('rounds up to a whole call', () => {
    expect(breakEven({ ...usual, trainingUsd: 0.5001 }).calls).toBe(5001)
  })

  it('writes small prices so that they can be read', () => {
    expect(breakEven({ ...usual, studentUsdPer1000: 0.0000012 }).text).toContain('$0.0000012 instead of')
  })

  it('never pays where the student costs as much or more', () => {
    expect(breakEven({ ...usual, studentUsdPer1000: 0.72 })).toMatchObject({ calls: null })
    expect(breakEven({ ...usual, studentUsdPer1000: 1 }).text).toBe(
      'It never pays for itself: the student costs $1.00 instead of $0.72 per thousand calls.',
    )
  })

  it('pays from the first call where nothing was spent', () => {
    expect(breakEven({ ...usual, teacherUsd: 0, trainingUsd: 0 }).calls).toBe(0)
  })

  it.each([
    [{ replacedUsdPer1000: null }, 'model that it would replace'],
    [{ studentUsdPer1000: null }, 'student'],
    [{ teacherUsd: null }, 'training answers'],
  ])('says which price is unknown: %o', (unknown, whose) => {
    const result = breakEven({ ...usual, ...unknown })
    expect(result.calls).toBeNull()
    expect(result.text).toContain(whose)
  })
})
