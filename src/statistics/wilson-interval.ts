/** The interval of a rate: so many successes in so many rows. */
import type { Interval } from '../core/measure.ts'
import { normalQuantile } from './normal-quantile.ts'

const Z_95 = normalQuantile(0.975)

/**
 * Wilson's score interval (E. B. Wilson 1927, JASA 22:209) for `successes` in `rows`, in 0..1. `successes` need
 * not be whole. It covers 95 % on average over rates, less where few rows are nearly all alike (at 20 rows and a rate
 * of 0.95 about 92 %). `z` is the normal quantile of each side. Without rows nothing is known: 0 to 1.
 */
export function wilsonInterval(successes: number, rows: number, z: number = Z_95): Interval {
  if (rows <= 0) return [0, 1]
  const rate = successes / rows
  const spread = (z * z) / rows
  const centre = (rate + spread / 2) / (1 + spread)
  const half = (z * Math.sqrt((rate * (1 - rate)) / rows + spread / (4 * rows))) / (1 + spread)
  return [rate <= 0 ? 0 : Math.max(0, centre - half), rate >= 1 ? 1 : Math.min(1, centre + half)]
}
