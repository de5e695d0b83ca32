/** Mean and variance of a list of numbers. */

/** Arithmetic mean; NaN without numbers. */
export function mean(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

/** Mean squared distance from the mean; NaN without numbers. */
export function variance(values: readonly number[]): number {
  const centre = mean(values)
  let sum = 0
  for (const value of values) sum += (value - centre) ** 2
  return sum / values.length
}
