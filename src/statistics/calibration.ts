/** Does a confidence mean what it says? Reliability points and the expected calibration error. */
import type { Interval } from '../core/measure.ts'
import { wilsonInterval } from './wilson-interval.ts'

export interface RatedAnswer {
  readonly confidence: number
  readonly correct: boolean
}

export interface ReliabilityPoint {
  /** Mean confidence of the bin's answers. */
  readonly confidence: number
  /** Share of them that was right, with its 95 % interval. */
  readonly accuracy: number
  readonly interval: Interval
  readonly rows: number
}

/** Few answers give few bins, so that each holds enough to speak of a rate: cube root of the rows, 15 at most. */
function binCount(rows: number): number {
  return Math.min(15, Math.max(1, Math.round(Math.cbrt(rows))))
}

/**
 * Bins of about equal numbers of answers (Nguyen and O'Connor 2015, arXiv:1508.05154), least confident first.
 * Answers of one confidence are never split over two bins: their order would decide what the figure is.
 */
export function reliabilityPoints(answers: readonly RatedAnswer[]): readonly ReliabilityPoint[] {
  const sorted = [...answers].sort((a, b) => a.confidence - b.confidence)
  const bins = binCount(sorted.length)
  const points: ReliabilityPoint[] = []
  let start = 0
  for (let bin = 1; bin <= bins; bin++) {
    let end = Math.round((bin * sorted.length) / bins)
    while (end > 0 && end < sorted.length && sorted[end].confidence === sorted[end - 1].confidence) end++
    if (end <= start) continue
    points.push(pointOf(sorted.slice(start, end)))
    start = end
  }
  return points
}

function pointOf(answers: readonly RatedAnswer[]): ReliabilityPoint {
  const rows = answers.length
  const right = answers.filter((answer) => answer.correct).length
  const confidence = answers.reduce((sum, answer) => sum + answer.confidence, 0) / rows
  return { confidence, accuracy: right / rows, interval: wilsonInterval(right, rows), rows }
}

/**
 * Mean absolute gap between confidence and accuracy over `reliabilityPoints`, weighted by rows, 0..1 (Guo and others
 * 2017, arXiv:1706.04599, with bins of equal mass); null without answers. With few rows chance alone opens gaps, so it
 * errs upwards.
 */
export function expectedCalibrationError(answers: readonly RatedAnswer[]): number | null {
  if (answers.length === 0) return null
  let gap = 0
  for (const point of reliabilityPoints(answers))
    gap += point.rows * Math.abs(point.confidence - point.accuracy)
  return gap / answers.length
}
