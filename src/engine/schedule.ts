/** The learning rate from step to step: up in a straight line, then down. */

export interface Schedule {
  /** The highest learning rate. */
  readonly peak: number
  /** Steps up to the peak; 0 to start there. */
  readonly warmUpSteps: number
  /** All steps, those of the warm-up counted. */
  readonly totalSteps: number
  /** Half a wave of the cosine (Loshchilov and Hutter 2017), a straight line, or none. */
  readonly decay: 'cosine' | 'linear' | 'none'
  /** The part of the peak that is left at the end; 0 when absent. */
  readonly floor?: number
}

/** `step` counts from 0. The first step already learns, the last one still does; beyond it the rate stays. */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { peak, warmUpSteps, totalSteps, decay, floor = 0 } = schedule
  if (step < warmUpSteps) return (peak * (step + 1)) / warmUpSteps
  const progress = Math.min(step, totalSteps - 1) - warmUpSteps
  const left = 1 - Math.max(0, progress) / Math.max(1, totalSteps - warmUpSteps)
  return peak * (floor + (1 - floor) * shapes[decay](left))
}

const shapes: Readonly<Record<Schedule['decay'], (left: number) => number>> = {
  cosine: (left) => (1 - Math.cos(Math.PI * left)) / 2,
  linear: (left) => left,
  none: () => 1,
}
