/** Two arms on the same rows: the paired difference, and wins and losses by exact match. */
import type { Comparison, JudgedAnswer } from '../core/measure.ts'
import type { Looks } from './anytime-interval.ts'
import { anytimeMcNemar, exactMcNemar } from './mcnemar.ts'
import { pairedDifference } from './paired-bootstrap.ts'

/** One arm's results, index by index the same rows as the arms it is compared with. */
export interface ArmScores {
  readonly name: string
  /** The task's metric on each row, 0..1. */
  readonly scores: readonly number[]
  /** All fields right. */
  readonly exact: readonly boolean[]
}

/** `first` minus `second` on the same rows; throws RangeError when their numbers of rows differ. */
export function compareArms(first: ArmScores, second: ArmScores, looks: Looks = 'once'): Comparison {
  const paired = pairedDifference(first.scores, second.scores, 0.95, looks)
  let wins = 0
  let losses = 0
  for (let row = 0; row < first.exact.length; row++) {
    if (first.exact[row] && !second.exact[row]) wins++
    if (!first.exact[row] && second.exact[row]) losses++
  }
  return {
    first: first.name,
    second: second.name,
    ...paired,
    wins,
    losses,
    pValue: looks === 'any' ? anytimeMcNemar(wins, losses) : exactMcNemar(wins, losses),
  }
}

/** What comparisons need of an arm's judged answers, in their order. */
export function scoresOf(name: string, answers: readonly JudgedAnswer[]): ArmScores {
  return { name, scores: answers.map((answer) => answer.score), exact: answers.map((answer) => answer.exact) }
}
