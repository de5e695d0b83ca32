/** Several teachers' answers to one row made into one: by vote, or weighted by how reliable each has proved to be. */
import { canonicalJson, type Json } from '../core/json.ts'
import type { ValueDistribution } from '../core/row.ts'

/** A teacher's answer to one field of one row, as canonical JSON text; null where it gave none. */
export type FieldAnswer = string | null

/** How often a teacher was right, counted on rows whose answer is known. */
export interface Reliability {
  readonly right: number
  readonly rows: number
  /** The same by the value that it answered. */
  readonly byValue: Readonly<Record<string, { readonly right: number; readonly rows: number }>>
}

/** What a value of a field counts as: each of an enum's own, all texts as one. */
export type ValueClass = (value: string) => string

/** The teacher's answers and the known ones, in the same order; rows without an answer say nothing. */
export function measureReliability(
  answers: readonly FieldAnswer[],
  known: readonly string[],
  classOf: ValueClass,
): Reliability {
  const byValue: Record<string, { right: number; rows: number }> = {}
  let right = 0
  let rows = 0
  for (const [index, answer] of answers.entries()) {
    if (answer === null) continue
    const hit = answer === known[index] ? 1 : 0
    const count = (byValue[classOf(answer)] ??= { right: 0, rows: 0 })
    count.rows++
    count.right += hit
    rows++
    right += hit
  }
  return { right, rows, byValue }
}

/** A value seen on few known rows is believed as the field on the whole: so many rows' worth. */
const fieldWeight = 10

/** Probability, in (0, 1), that a teacher which answers with this class of value is right. */
export function trustIn({ right, rows, byValue }: Reliability, valueClass: string): number {
  // Laplace's rule: nobody is always right because of a few rows.
  const overall = (right + 1) / (rows + 2)
  const own = byValue[valueClass] ?? { right: 0, rows: 0 }
  return (own.right + fieldWeight * overall) / (own.rows + fieldWeight)
}

export interface Combination {
  /** The likeliest value as canonical JSON text; the first teacher's where two are equally likely. */
  readonly value: string
  /** Over the values that were answered; sums to 1. */
  readonly distribution: ValueDistribution
}

/**
 * The probability of each answered value, teachers' errors taken for independent and spread evenly over the
 * other values (Dawid and Skene 1979, with one accuracy for each answered value in place of a whole confusion
 * matrix, which a few dozen labelled rows could not fill). `values` is how many values the field can take.
 * null when no teacher answered.
 */
export function combineWeighted(
  answers: readonly FieldAnswer[],
  reliabilities: readonly Reliability[],
  classOf: ValueClass,
  values: number,
): Combination | null {
  const others = Math.max(1, values - 1)
  return combine(answers, (candidate) =>
    answers.reduce((sum, answer, teacher) => {
      if (answer === null) return sum
      const trust = trustIn(reliabilities[teacher], classOf(answer))
      return sum + Math.log(answer === candidate ? trust : (1 - trust) / others)
    }, 0),
  )
}

/** Each teacher has one vote; the distribution is the share of the votes. null when no teacher answered. */
export function combineVotes(answers: readonly FieldAnswer[]): Combination | null {
  return combine(answers, (candidate) => Math.log(answers.filter((answer) => answer === candidate).length))
}

function combine(
  answers: readonly FieldAnswer[],
  logWeight: (candidate: string) => number,
): Combination | null {
  const candidates = [...new Set(answers.filter((answer) => answer !== null))]
  if (candidates.length === 0) return null
  const weights = candidates.map(logWeight)
  const highest = Math.max(...weights)
  const shares = weights.map((weight) => Math.exp(weight - highest))
  const total = shares.reduce((sum, share) => sum + share, 0)
  return {
    value: candidates[weights.indexOf(highest)],
    distribution: Object.fromEntries(candidates.map((value, index) => [value, shares[index] / total])),
  }
}

/** A field's value as the text that answers are compared by. */
export function asFieldAnswer(value: Json | undefined): string {
  return canonicalJson(value ?? null)
}
