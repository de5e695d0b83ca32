/**
 * Synthetic arms for the verdict's simulation: right and wrong answers to six fields, correlated within a row and
 * between arms, with true scores that are known because they are set.
 */
import type { Random } from '../src/core/random.ts'

/** Each field's ease in normal deviations around the arm's mean: some fields are harder than others. */
const fieldEase = [-0.35, 0.1, -0.5, -0.2, 0.3, 0.65]
const fields = fieldEase.length

/** Weights of what makes an answer hard: the row, the field in that row, the arm on that row, and chance. */
const weights = { row: 0.5, field: 0.5, arm: 0.4, chance: Math.sqrt(1 - 0.25 - 0.25 - 0.16) }

/** How an arm answers: right where its hardness is below `skill` + ease, except for rows that it fails wholly. */
export interface Skill {
  readonly skill: number
  readonly failing: number
}

export interface SyntheticArm {
  readonly name: string
  readonly scores: readonly number[]
  readonly exact: readonly boolean[]
}

/** Hardness of each field of each row for two arms, row by row, and a uniform number that decides whole failures. */
export interface Hardness {
  readonly rows: number
  readonly arms: readonly [Float64Array, Float64Array]
  readonly failure: Float64Array
}

export function drawHardness(rows: number, random: Random): Hardness {
  const arms: [Float64Array, Float64Array] = [
    new Float64Array(rows * fields),
    new Float64Array(rows * fields),
  ]
  for (let row = 0; row < rows; row++) {
    const shared = weights.row * random.normal()
    const own = [weights.arm * random.normal(), weights.arm * random.normal()]
    for (let field = 0; field < fields; field++) {
      const common = shared + weights.field * random.normal()
      const place = row * fields + field
      arms[0][place] = common + own[0] + weights.chance * random.normal()
      arms[1][place] = common + own[1] + weights.chance * random.normal()
    }
  }
  return { rows, arms, failure: Float64Array.from({ length: rows }, () => random.next()) }
}

/** The answers of arm 0 or 1 with a skill. */
export function answersOf(
  name: string,
  hardness: Hardness,
  arm: 0 | 1,
  { skill, failing }: Skill,
): SyntheticArm {
  const scores: number[] = []
  const exact: boolean[] = []
  for (let row = 0; row < hardness.rows; row++) {
    let right = 0
    for (let field = 0; field < fields; field++) {
      if (hardness.arms[arm][row * fields + field] < skill + fieldEase[field]) right++
    }
    if (hardness.failure[row] < failing) right = 0
    scores.push(right / fields)
    exact.push(right === fields)
  }
  return { name, scores, exact }
}

/** The true mean of an arm's score, or its true rate of exact rows. */
export function truth({ skill, failing }: Skill, metric: 'score' | 'exactMatch'): number {
  const thresholds = fieldEase.map((ease) => skill + ease)
  const whole =
    metric === 'score'
      ? thresholds.reduce((sum, threshold) => sum + normalDistribution(threshold), 0) / fields
      : exactRate(thresholds)
  return whole * (1 - failing)
}

/** The skill without whole failures whose true mean score or exact rate is `target`, by bisection. */
export function skillFor(target: number, metric: 'score' | 'exactMatch'): Skill {
  let low = -5
  let high = 8
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2
    if (truth({ skill: middle, failing: 0 }, metric) < target) low = middle
    else high = middle
  }
  return { skill: (low + high) / 2, failing: 0 }
}

/** Given what a row's fields share, they are independent: their product, integrated over that. */
function exactRate(thresholds: readonly number[]): number {
  const shared = Math.sqrt(weights.row ** 2 + weights.arm ** 2)
  const apart = Math.sqrt(1 - shared ** 2)
  const step = 0.05
  let sum = 0
  for (let at = -8; at <= 8; at += step) {
    const density = Math.exp((-at * at) / 2) / Math.sqrt(2 * Math.PI)
    sum += step * density * thresholds.reduce((p, t) => p * normalDistribution((t - shared * at) / apart), 1)
  }
  return sum
}

/** Standard normal distribution function, to 1.5e-7 (Abramowitz and Stegun 7.1.26). */
function normalDistribution(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2)
  const polynomial =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  const upper = (polynomial * Math.exp((-x * x) / 2)) / 2
  return x > 0 ? 1 - upper : upper
}
