/** The three or four figures that a reader wants first: quality, distance, price, latency. */
import type { Arm } from '../../core/measure.ts'
import type { ReportData } from '../../core/report-data.ts'
import { duration, nothing, percent, percentRange, pointsRange, signedPoints, times, usd } from './format.ts'
import { armOfRole, candidateArm, comparisonOf, recordedLabel, replacedArm } from './lookup.ts'
import { metricName } from './words.ts'

export interface KeyFigure {
  readonly label: string
  /** The figure before, or of the arm to be replaced; null where there is none to set beside. */
  readonly from: string | null
  readonly to: string
  readonly detail: string
}

export function keyFigures(data: ReportData): readonly KeyFigure[] {
  const figures = [quality(data), distance(data), mixture(data), price(data), latency(data)]
  return figures.filter((figure) => figure !== null)
}

/** "teacher (recorded)": the name of an arm with what must be said beside it. */
export function labelledName(data: ReportData, arm: Arm): string {
  const label = recordedLabel(data, arm)
  return label === null ? arm.name : `${arm.name} (${label})`
}

function quality(data: ReportData): KeyFigure | null {
  const after = armOfRole(data, 'after')
  if (after === undefined) return null
  const before = armOfRole(data, 'before')
  const metric = metricName(data)
  return {
    label: before === undefined ? `Student, ${metric}` : `Student before → after, ${metric}`,
    from: before === undefined ? null : percent(before.score),
    to: percent(after.score),
    detail: `95\u00a0% interval ${percentRange(after.interval)}`,
  }
}

function distance(data: ReportData): KeyFigure | null {
  const replaced = replacedArm(data)
  const candidate = candidateArm(data)
  const comparison = comparisonOf(data, candidate, replaced)
  if (replaced === undefined || candidate === undefined || comparison === undefined) return null
  return {
    label: `Distance to ${labelledName(data, replaced)}`,
    from: null,
    to: `${signedPoints(comparison.difference)} points`,
    detail: `95\u00a0% interval ${pointsRange(comparison.interval)}${candidate.role === 'cascade' ? ', with the teacher behind' : ''}`,
  }
}

function mixture(data: ReportData): KeyFigure | null {
  const candidate = candidateArm(data)
  if (candidate?.role !== 'cascade') return null
  return {
    label: `With the teacher behind it, ${metricName(data)}`,
    from: null,
    to: percent(candidate.score),
    detail: `95\u00a0% interval ${percentRange(candidate.interval)}`,
  }
}

function price(data: ReportData): KeyFigure | null {
  const candidate = candidateArm(data)
  if (candidate === undefined) return null
  const replaced = replacedArm(data)
  const ratio = priceRatio(data, candidate)
  return {
    label: 'Price of 1,000 calls',
    from: replaced === undefined ? null : usd(replaced.priceUsdPer1000),
    to: usd(candidate.priceUsdPer1000),
    detail: ratio ?? candidate.priceBasis,
  }
}

/** "120 times cheaper than teacher", "the same price …", or null where a price is unknown or nil. */
export function priceRatio(data: ReportData, candidate: Arm): string | null {
  const replaced = replacedArm(data)
  const from = replaced?.priceUsdPer1000
  const to = candidate.priceUsdPer1000
  if (replaced === undefined || !from || !to) return null
  const ratio = from / to
  const name = labelledName(data, replaced)
  if (ratio > 1.05) return `${times(ratio)} cheaper than ${name}`
  if (ratio < 1 / 1.05) return `${times(1 / ratio)} the price of ${name}`
  return `about the same price as ${name}`
}

function latency(data: ReportData): KeyFigure | null {
  const after = armOfRole(data, 'after')
  if (after === undefined) return null
  const replaced = replacedArm(data)
  const from = duration(replaced?.latencyP50Ms)
  const ninetyFifth = after.latencyP95Ms === null ? '' : `; 95 in 100 within ${duration(after.latencyP95Ms)}`
  return {
    label: 'Time of an answer, student',
    from: from === nothing ? null : from,
    to: duration(after.latencyP50Ms),
    detail: `the middle one of all answers${ninetyFifth}`,
  }
}
