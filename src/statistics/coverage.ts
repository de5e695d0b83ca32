/** A student with the teacher behind it: accuracy at each coverage, and from which confidence on the student answers. */
import type { CoveragePoint } from '../core/report-data.ts'
import { mean } from './moments.ts'
import { normalQuantile } from './normal-quantile.ts'
import { wilsonInterval } from './wilson-interval.ts'

/** Below this share of answers a student in front of the teacher is not worth having. */
export const MINIMUM_COVERAGE = 0.2

const Z_ONE_SIDED_90 = normalQuantile(0.9)

export interface CascadeRow {
  readonly confidence: number
  readonly studentScore: number
  readonly teacherScore: number
}

/** One point for each distinct confidence, the strictest threshold first. */
export function coveragePoints(rows: readonly CascadeRow[]): readonly CoveragePoint[] {
  const sorted = [...rows].sort((a, b) => b.confidence - a.confidence)
  const points: CoveragePoint[] = []
  let studentSum = 0
  let mixtureSum = sorted.reduce((sum, row) => sum + row.teacherScore, 0)
  for (const [index, row] of sorted.entries()) {
    studentSum += row.studentScore
    mixtureSum += row.studentScore - row.teacherScore
    if (sorted[index + 1]?.confidence === row.confidence) continue
    points.push({
      threshold: row.confidence,
      coverage: (index + 1) / sorted.length,
      studentScore: studentSum / (index + 1),
      cascadeScore: mixtureSum / sorted.length,
    })
  }
  return points
}

/** The highest coverage at which student and teacher together score no less than the teacher alone; null for none. */
export function losslessCoverage(rows: readonly CascadeRow[]): number | null {
  const teacherScore = mean(rows.map((row) => row.teacherScore))
  const lossless = coveragePoints(rows).filter((point) => point.cascadeScore >= teacherScore - 1e-9)
  return lossless.at(-1)?.coverage ?? null
}

/** An answer to a row that the student had not learned from. */
export interface HeldOutScore {
  readonly confidence: number
  /** Agreement with what the row's label or the teacher says, 0..1: the task's metric. */
  readonly score: number
}

export interface ChosenThreshold {
  /** The student answers where its confidence is at least this. */
  readonly threshold: number
  /** Share of the held-out rows that the student answers, 0..1. */
  readonly coverage: number
  /** What the mixture loses against the teacher alone on the held-out rows, 0..1, and its upper bound. */
  readonly loss: number
  readonly lossBound: number
}

/**
 * The lowest threshold at which student and teacher together lose at most `margin` (0..1) against the teacher alone,
 * with 90 % confidence; null when none keeps `MINIMUM_COVERAGE` of the rows. To be given held-out training rows,
 * never evaluation rows.
 *
 * The loss of a row is 1 - score where the student answers, 0 where the teacher does; each disagreement with the
 * teacher counts in full, though the teacher may be the one who is wrong. Its mean is bounded by Wilson's one-sided
 * bound as if each loss were all or nothing: a value in 0..1 varies at most as much as a coin of the same mean
 * (Bhatia and Davis 2000), so the bound errs to the safe side. The loss only grows as the threshold falls, so taking
 * the lowest that passes needs no correction for the many tried (Bates and others 2021, J. ACM 68:43). 90 % and not
 * more, because the verdict tests the mixture again, on evaluation rows, at its own level; a margin of 2 points then
 * takes at least 81 held-out rows.
 */
export function chooseThreshold(heldOut: readonly HeldOutScore[], margin: number): ChosenThreshold | null {
  const rows = heldOut.map(({ confidence, score }) => ({ confidence, studentScore: score, teacherScore: 1 }))
  let chosen: ChosenThreshold | null = null
  for (const point of coveragePoints(rows)) {
    const loss = Math.max(0, 1 - point.cascadeScore)
    const [, lossBound] = wilsonInterval(loss * rows.length, rows.length, Z_ONE_SIDED_90)
    if (lossBound > margin) break
    chosen = { threshold: point.threshold, coverage: point.coverage, loss, lossBound }
  }
  return chosen !== null && chosen.coverage >= MINIMUM_COVERAGE ? chosen : null
}
