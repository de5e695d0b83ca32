/** From an arm's judged answers to its line of the before/after table. */
import { isLocal, type ChatModel } from '../../core/chat-model.ts'
import type { Arm, ArmRole, FieldScore, GraderScore, Interval, JudgedAnswer } from '../../core/measure.ts'
import type { Row } from '../../core/row.ts'
import { valueAt } from '../../core/json.ts'
import type { OutputField, Task } from '../../core/task.ts'
import type { Looks } from '../../statistics/anytime-interval.ts'
import { expectedCalibrationError } from '../../statistics/calibration.ts'
import { meanInterval } from '../../statistics/mean-interval.ts'
import { wilsonInterval } from '../../statistics/wilson-interval.ts'

export interface ArmDescription {
  readonly name: string
  readonly role: ArmRole
  readonly model: string
  readonly source: ChatModel['source'] | 'cascade'
  readonly priceBasis: string
}

/** Answers and rows in the same order, that in which they were asked where one could have stopped. Mean field accuracy is unweighted over fields, then over rows. */
export function summariseArm(
  arm: ArmDescription,
  answers: readonly JudgedAnswer[],
  rows: readonly Row[],
  task: Task,
  looks: Looks = 'once',
): Arm {
  const scores = answers.map((answer) => answer.score)
  const exact = answers.map((answer) => answer.exact)
  const answered = answers.filter((answer) => answer.content !== null)
  const prices = answered.map((answer) => answer.priceUsd)
  // Unknown sorts last: a quantile is known where enough of what lies below it is.
  const latencies = answered
    .filter((answer) => wasTimed(arm, answer))
    .map((answer) => answer.latencyMs ?? Infinity)
    .sort((a, b) => a - b)
  return {
    ...arm,
    rows: answers.length,
    score: mean(scores),
    interval: meanInterval(scores, looks),
    exactMatch: count(exact, Boolean) / answers.length,
    exactMatchInterval: rateInterval(exact, looks),
    fields: task.fields.map((field) => scoreField(field, answers, rows, looks)),
    graders: scoreGraders(answers, looks),
    valid: count(answers, (answer) => answer.value !== undefined) / answers.length,
    failed: count(answers, (answer) => answer.content === null),
    priceUsdPer1000: meanPrice(prices, 1000),
    latencyP50Ms: quantile(latencies, 0.5),
    latencyP95Ms: quantile(latencies, 0.95),
    expectedCalibrationError: calibration(answers),
  }
}

/** Of a local model that answers several rows side by side only some are timed: the others are no slow ones. */
function wasTimed({ source }: ArmDescription, { latencyMs, answeredBy }: JudgedAnswer): boolean {
  const local = source === 'cascade' ? answeredBy === 'student' : isLocal({ source })
  return latencyMs !== null || !local
}

function rateInterval(right: readonly boolean[], looks: Looks): Interval {
  return looks === 'any'
    ? meanInterval(right.map(Number), looks)
    : wilsonInterval(count(right, Boolean), right.length)
}

function scoreField(
  field: OutputField,
  answers: readonly JudgedAnswer[],
  rows: readonly Row[],
  looks: Looks,
): FieldScore {
  const right = answers.map((answer) => answer.correct[field.path])
  const score = {
    path: field.path,
    accuracy: count(right, Boolean) / right.length,
    interval: rateInterval(right, looks),
  }
  if (!field.nullable && !field.optional) return score
  const present = right.filter((_, index) => (valueAt(rows[index].expected, field.segments) ?? null) !== null)
  if (present.length === 0 || present.length === right.length) return score
  return {
    ...score,
    whenPresent: {
      rows: present.length,
      accuracy: count(present, Boolean) / present.length,
      interval: rateInterval(present, looks),
    },
  }
}

function scoreGraders(answers: readonly JudgedAnswer[], looks: Looks): readonly GraderScore[] {
  const names = Object.keys(answers[0]?.grades ?? {})
  return names.map((name) => {
    const grades = answers.map((answer) => answer.grades[name])
    const judged = grades.filter((grade) => grade !== null)
    return {
      name,
      mean: mean(judged),
      interval: meanInterval(judged, looks),
      passed: count(answers, ({ grades, passed }) => passed?.[name] ?? grades[name] === 1),
      errors: grades.length - judged.length,
    }
  })
}

function calibration(answers: readonly JudgedAnswer[]): number | null {
  const judged = answers.filter((answer) => answer.confidence !== undefined)
  if (judged.length === 0) return null
  return expectedCalibrationError(
    judged.map((answer) => ({ confidence: answer.confidence as number, correct: answer.exact })),
  )
}

function quantile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return Number.isFinite(value) ? value : null
}

function meanPrice(prices: readonly (number | null)[], calls: number): number | null {
  const known = prices.filter((price) => price !== null)
  return known.length === 0 || known.length < prices.length ? null : mean(known) * calls
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

function count<Item>(items: readonly Item[], test: (item: Item) => boolean): number {
  return items.reduce((sum, item) => sum + (test(item) ? 1 : 0), 0)
}
