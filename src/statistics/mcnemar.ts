/** McNemar's exact test: did one arm win more rows than the other by more than chance? */

/**
 * Two-sided exact p-value for `wins` against `losses`, the rows where exactly one of two arms was right: twice the
 * smaller tail of a fair coin over those rows, at most 1 (McNemar 1947; exact form as in Fay 2010).
 */
export function exactMcNemar(wins: number, losses: number): number {
  const rows = wins + losses
  const fewer = Math.min(wins, losses)
  // In logarithms: 0.5 ** rows underflows from 1,075 rows on.
  let logTerm = -rows * Math.LN2
  let tail = Math.exp(logTerm)
  for (let k = 1; k <= fewer; k++) {
    logTerm += Math.log((rows - k + 1) / k)
    tail += Math.exp(logTerm)
  }
  return Math.min(1, 2 * tail)
}
