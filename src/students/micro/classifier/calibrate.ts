/** Fits blend, temperature and the second look of each head on held-out rows, and says what they make of those rows. */
import type { Stack } from '../runtime/classifier.js'
import { blendRow, fitBlend, type Blend, type HeldOutScores } from './blend.ts'
import type { HeadRange } from './network.ts'
import { fitStack } from './stack.ts'

export interface HeadCalibration extends Blend {
  readonly stack: Stack | null
}

/** `probabilities[head][place]` are those of a head for the held-out row at that place of `scores.rows`. */
export interface Calibrated {
  readonly calibrations: readonly HeadCalibration[]
  readonly probabilities: readonly (readonly Float32Array[])[]
}

export function calibrate(scores: HeldOutScores, ranges: readonly HeadRange[]): Calibrated {
  const { rows, outputs } = scores
  const blends = ranges.map((range) => fitBlend(scores, range))
  const data = {
    rows: rows.length,
    outputs,
    probabilities: new Float32Array(rows.length * outputs),
    targets: new Float32Array(rows.length * outputs),
  }
  rows.forEach((row, place) => {
    data.targets.set(scores.targets.subarray(row * outputs, (row + 1) * outputs), place * outputs)
    ranges.forEach((range, head) => {
      data.probabilities.set(blendRow(scores, range, blends[head], row), place * outputs + range.offset)
    })
  })
  const stacks = ranges.map((range) => fitStack(data, ranges, range))
  return {
    calibrations: blends.map((blend, head) => ({ ...blend, stack: stacks[head]?.stack ?? null })),
    probabilities: ranges.map(({ offset, size }, head) => {
      const [source, from, step] =
        stacks[head] === null ? [data.probabilities, offset, outputs] : [stacks[head].unseen, 0, size]
      return Array.from(rows, (_, place) => source.slice(from + place * step, from + place * step + size))
    }),
  }
}
