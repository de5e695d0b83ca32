/** The difference of two arms' mean scores on the same rows, with its paired interval. */
import type { Interval } from '../core/measure.ts'
import { anytimeIntervals, type Looks } from './anytime-interval.ts'
import { lowerQuantile, upperQuantile } from './bayesian-bootstrap.ts'
import { mean } from './moments.ts'
import { normalQuantile } from './normal-quantile.ts'

export interface PairedDifference {
  /** Mean of first minus second, -1..1; 0 without rows. */
  readonly difference: number
  readonly interval: Interval
}

/** One row that the second arm wins outright and one that the first does. */
const PSEUDO_ROWS = [-1, 1]

/**
 * Mean of `first[i] - second[i]` (scores in 0..1 of row i) and its two-sided interval at `level`, by the paired
 * Bayesian bootstrap (Rubin 1981) with two pseudo-rows: one that the second arm wins outright (-1) and one that the
 * first does (+1). The pair is what Bonett and Price (2012, JEBS 37:479) and Agresti and Min (2005) add to paired rates, for scores:
 * it keeps rows without a difference from claiming certainty, and covers losses too rare to have been seen. Half the
 * width is at least about 3 / rows. The interval always holds the difference; without rows it is -1 to 1.
 * With `any` looks it is the always-valid one of anytime-interval.ts, rows in the order in which they came.
 */
export function pairedDifference(
  first: readonly number[],
  second: readonly number[],
  level: number = 0.95,
  looks: Looks = 'once',
): PairedDifference {
  if (first.length !== second.length) {
    throw new RangeError(`paired scores differ in length, got ${first.length} and ${second.length}`)
  }
  if (first.length === 0) return { difference: 0, interval: [-1, 1] }
  const differences = first.map((score, row) => score - second[row])
  const difference = mean(differences)
  const [low, high] = looks === 'any' ? anytimeEnds(differences, level) : bootstrapEnds(differences, level)
  return { difference, interval: [Math.min(low, difference), Math.max(high, difference)] }
}

function bootstrapEnds(differences: readonly number[], level: number): Interval {
  const z = normalQuantile((1 + level) / 2)
  return [lowerQuantile(differences, PSEUDO_ROWS, z), upperQuantile(differences, PSEUDO_ROWS, z)]
}

function anytimeEnds(differences: readonly number[], level: number): Interval {
  const scores = differences.map((difference) => (difference + 1) / 2)
  const [low, high] = anytimeIntervals(scores, 1 - level).at(-1) as Interval
  return [2 * low - 1, 2 * high - 1]
}
