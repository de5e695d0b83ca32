/** The interval of the mean of row scores between 0 and 1, such as mean field accuracy. */
import type { Interval } from '../core/measure.ts'
import { anytimeIntervals, type Looks } from './anytime-interval.ts'
import { lowerQuantile, upperQuantile } from './bayesian-bootstrap.ts'
import { mean } from './moments.ts'
import { normalQuantile } from './normal-quantile.ts'

const Z_95 = normalQuantile(0.975)

/**
 * 95 % interval of the mean of independent `scores` in 0..1, whatever their distribution. The lower end is the
 * 2.5 % quantile of the Bayesian bootstrap with one pseudo-row of score 0, the upper end the 97.5 % quantile with one
 * of score 1: the bound of Learned-Miller and Thomas (2019, arXiv:1905.06208; Phan, Thomas and Learned-Miller, ICML
 * 2021). For scores of only 0 and 1 it is Clopper and Pearson's interval. Scores near 1 with a rare total failure are
 * usual here, and there t, percentile and effective-sample-size intervals cover far less than they say. Without rows
 * nothing is known: 0 to 1. With `any` looks it is the always-valid one of anytime-interval.ts, `scores` in the order
 * in which they came.
 */
export function meanInterval(scores: readonly number[], looks: Looks = 'once'): Interval {
  if (scores.length === 0) return [0, 1]
  const average = mean(scores)
  const [low, high] =
    looks === 'any'
      ? (anytimeIntervals(scores).at(-1) as Interval)
      : [lowerQuantile(scores, [0], Z_95), upperQuantile(scores, [1], Z_95)]
  return [Math.min(low, average), Math.max(high, average)]
}
