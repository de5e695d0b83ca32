import { describe, expect, it } from 'vitest'
import { learningRateAt, type Schedule } from './schedule.ts'

const rates = (schedule: Schedule): number[] =>
  Array.from({ length: schedule.totalSteps + 2 }, (_, step) =>
    Number(learningRateAt(step, schedule).toFixed(4)),
  )

describe('the learning rate', () => {
  it('rises to its peak and falls in a straight line, learning in every step', () => {
    const schedule = { peak: 1, warmUpSteps: 2, totalSteps: 6, decay: 'linear' } as const
    expect(rates(schedule)).toEqual([0.5, 1, 1, 0.75, 0.5, 0.25, 0.25, 0.25])
  })

  it('falls along a cosine to its floor', () => {
    const schedule = { peak: 1, warmUpSteps: 0, totalSteps: 4, decay: 'cosine', floor: 0.1 } as const
    expect(rates(schedule)).toEqual([1, 0.8682, 0.55, 0.2318, 0.2318, 0.2318])
  })

  it('stays at its peak without a decay', () => {
    expect(rates({ peak: 2, warmUpSteps: 1, totalSteps: 2, decay: 'none' })).toEqual([2, 2, 2, 2])
  })

  it('is a number where all steps are warm-up', () => {
    expect(rates({ peak: 1, warmUpSteps: 2, totalSteps: 2, decay: 'cosine' })).toEqual([0.5, 1, 1, 1])
  })
})
