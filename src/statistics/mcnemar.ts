/** McNemar's exact test and its always-valid counterpart: did one arm win more rows than the other by more than chance? */

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

/**
 * The same question, asked after any row: one over what a gambler has made who bet that the coin is not fair, its true
 * side drawn evenly from 0..1, that is (n + 1)! / (2^n wins! losses!) for n = wins + losses, at most 1. Were the arms
 * equally good, it would ever fall to p with a probability of at most p (Ville 1939).
 */
export function anytimeMcNemar(wins: number, losses: number): number {
  let logPrice = Math.log(wins + losses + 1) - (wins + losses) * Math.LN2
  for (let k = 1; k <= losses; k++) logPrice += Math.log((wins + k) / k)
  return Math.min(1, Math.exp(logPrice))
}
