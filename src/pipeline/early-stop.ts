/** Ends an evaluation once the teacher's score is known closely enough, where the config asks for that. */
import type { JudgedAnswer } from '../core/measure.ts'
import { createRandom } from '../core/random.ts'
import { createAnytimeInterval, type Looks } from '../statistics/anytime-interval.ts'
import type { StopRule } from '../steps/evaluate/evaluate-arm.ts'
import type { Session } from './session.ts'

/** Between two looks: few enough to stop in time, enough for a provider to answer side by side. */
const blockRows = 25

type Asked = Pick<Session, 'config' | 'rows'>

/**
 * The half-width, in points, at which to stop; null where every row is asked, as by default. Without expected answers
 * the teacher is right by construction, so its score says nothing about when to stop.
 */
export function stopPoints({ config, rows }: Asked): number | null {
  return rows.needsExpected ? null : (config.evaluate.stopAtHalfWidthPoints ?? null)
}

/** Where one may have stopped, every interval is an always-valid one, also when all rows were asked in the end. */
export function looksOf(session: Asked): Looks {
  return stopPoints(session) === null ? 'once' : 'any'
}

/** Rows in the order in which they are asked: the file's, or a random one where only the first may be. */
export function orderOfAsking<Row>(
  session: Asked & Pick<Session, 'seed'>,
  rows: readonly Row[],
): readonly Row[] {
  return stopPoints(session) === null ? rows : createRandom(session.seed).shuffle([...rows])
}

/** "known to within 5 points" */
export function knownWithin(points: number): string {
  return `known to within ${points} ${points === 1 ? 'point' : 'points'}`
}

/** Enough is asked once the always-valid 95 % interval of the mean score reaches at most `points` either way. */
export function stopRule(points: number): StopRule {
  const next = createAnytimeInterval()
  return {
    blockRows,
    isEnough(block: readonly Pick<JudgedAnswer, 'score'>[]) {
      const [low, high] = block.map(({ score }) => next(score)).at(-1) ?? [0, 1]
      return high - low <= (2 * points) / 100
    },
  }
}

/** Rows that nobody was asked, when `asked` were. */
export function rowsLeft(session: Asked, asked: number): number {
  return looksOf(session) === 'any' ? session.rows.evaluation.length - asked : 0
}

/** What the report says about it; nothing by default. */
export function earlyStopWarnings(session: Asked, asked: number): readonly string[] {
  const points = session.config.evaluate.stopAtHalfWidthPoints
  if (points === undefined) return []
  if (looksOf(session) === 'once') {
    return [
      'evaluate.stopAtHalfWidthPoints has no effect here: without expected answers the teacher’s score is 100 % by construction, so every row was asked.',
    ]
  }
  const all = session.rows.evaluation.length
  const known = knownWithin(points)
  // The words that matter most come first: a terminal has room for two lines.
  return [
    rowsLeft(session, asked) > 0
      ? `Stopped after ${asked} of ${all} evaluation rows, when the teacher’s score was ${known}; intervals and p-values are always-valid, hence wide (evaluate.stopAtHalfWidthPoints).`
      : `All ${all} evaluation rows were asked: the teacher’s score was not ${known} before; intervals and p-values are always-valid all the same, hence wide (evaluate.stopAtHalfWidthPoints).`,
  ]
}
