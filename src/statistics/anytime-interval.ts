/** An interval of a mean that stays valid however often one looks: for an evaluation that may stop early. */
import type { Interval } from '../core/measure.ts'

/** How often one looks at the rows that an interval is for: at a number set beforehand, or after any row. */
export type Looks = 'once' | 'any'

/** No bet stakes more than this share of what could be lost. */
const LARGEST_STAKE = 0.5

/**
 * Takes scores (0..1) one by one, in the order in which they came, and returns, after each, the interval that encloses
 * their mean at all times at once with probability 1 - `alpha`: the hedged betting confidence sequence of Waudby-Smith
 * and Ramdas (2023, JRSS B 86:1, section 4, with its predictable plug-in bets), intersected over time. For each
 * candidate mean on a grid of `cells` + 1 two gamblers bet that the mean is higher or lower, half the capital each; a
 * candidate against which either has made 1 / alpha is out. Ends are widened by one cell, so the grid errs to the
 * safe side. For a paired difference d in -1..1 give (d + 1) / 2.
 */
export function createAnytimeInterval(
  alpha: number = 0.05,
  cells: number = 1000,
): (score: number) => Interval {
  const logHigher = new Float64Array(cells + 1)
  const logLower = new Float64Array(cells + 1)
  const limit = Math.log(2 / alpha)
  let low = 0
  let high = cells
  const bet = createBets(alpha)
  return (score) => {
    const stake = bet(score)
    for (let cell = low; cell <= high; cell++) {
      const candidate = cell / cells
      logHigher[cell] += Math.log1p(Math.min(stake, LARGEST_STAKE / candidate) * (score - candidate))
      logLower[cell] += Math.log1p(-Math.min(stake, LARGEST_STAKE / (1 - candidate)) * (score - candidate))
    }
    while (low < high && logHigher[low] >= limit) low++
    while (high > low && logLower[high] >= limit) high--
    return [Math.max(0, (low - 1) / cells), Math.min(1, (high + 1) / cells)]
  }
}

/** The interval after each of `scores`, or, for the last alone, `.at(-1)`. */
export function anytimeIntervals(
  scores: readonly number[],
  alpha?: number,
  cells?: number,
): readonly Interval[] {
  const next = createAnytimeInterval(alpha, cells)
  return scores.map((score) => next(score))
}

/** The stake for each score in turn, from the scores before it alone (equation 26 there). */
function createBets(alpha: number): (score: number) => number {
  let seen = 0
  let sum = 0.5
  let squares = 0.25
  return (score) => {
    const spread = squares / (seen + 1)
    seen++
    const stake = Math.sqrt((2 * Math.log(2 / alpha)) / (spread * seen * Math.log(seen + 1)))
    sum += score
    squares += (score - sum / (seen + 1)) ** 2
    return stake
  }
}
