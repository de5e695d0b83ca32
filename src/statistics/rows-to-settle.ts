/** How many evaluation rows a verdict would take that these rows could not give. */
import { createAnytimeInterval, type Looks } from './anytime-interval.ts'
import { mean, variance } from './moments.ts'
import { normalQuantile } from './normal-quantile.ts'

/** Beyond this many, with looks after any row, it is not worth finding out more exactly. */
const MOST_ROWS = 20_000

/** For each end of the interval, and for the chance that it then settles. */
const Z = normalQuantile(0.975) + normalQuantile(0.8)

/**
 * About how many rows in all would settle with a chance of 80 % whether the first arm may stand in for the second,
 * if the truth is what `differences` (first minus second, -1..1, row by row) show: enough for the lower end of the
 * paired interval to clear `-margin`, or, when the mean lies beyond the margin already, for the upper end to fall
 * below 0. Solves z^2 (N s^2 + 2) = gap^2 (N + 2)^2 for N: the usual sample size of a paired non-inferiority trial
 * (Julious 2004, Statistics in Medicine 23:1921) with the two pseudo-rows of `pairedDifference`. A gap under a
 * quarter of the margin counts as a quarter: right at the margin no number of rows settles anything.
 * With `any` looks, whose intervals follow no such formula: how often these rows would have to come again.
 */
export function rowsToSettle(differences: readonly number[], margin: number, looks: Looks = 'once'): number {
  if (looks === 'any') return repeatUntilSettled(differences, margin)
  const centre = differences.length === 0 ? 0 : mean(differences)
  const spread = differences.length === 0 ? 0 : variance(differences)
  const distance = centre > -margin ? centre + margin : -centre
  const gap = Math.max(distance, margin / 4, 0.0025)
  const a = Z * Z * spread
  return Math.ceil((a + Math.sqrt(a * a + 8 * (gap * Z) ** 2)) / (2 * gap * gap) - 2)
}

function repeatUntilSettled(differences: readonly number[], margin: number): number {
  const isBeyond = mean(differences) < -margin
  const next = createAnytimeInterval()
  for (let row = 0; row < MOST_ROWS; row++) {
    const [low, high] = next((differences[row % differences.length] + 1) / 2)
    if (2 * low - 1 > -margin || (isBeyond && 2 * high - 1 < 0)) return row + 1
  }
  return MOST_ROWS
}
