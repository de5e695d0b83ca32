/** The sentences that HTML, Markdown and terminal share, so that all three say the same. */
import type { CurationReason } from '../../core/curation.ts'
import type { ArmRole, Comparison, Verdict, VerdictWord } from '../../core/measure.ts'
import type { ReportData } from '../../core/report-data.ts'
import {
  count,
  countOf,
  percent,
  pointsOf,
  pointsRange,
  pValue,
  roundPercent,
  signedPoints,
} from './format.ts'
import { isOneValue } from './lookup.ts'

export const verdictLabels: Readonly<Record<VerdictWord, string>> = {
  ship: 'Ship',
  ship_with_fallback: 'Ship with fallback',
  do_not_ship: 'Do not ship',
  not_enough_data: 'Not enough data',
  no_need: 'No need',
}

type Headline = (verdict: Verdict, place: string) => string

const headlines: Readonly<Record<VerdictWord, Headline>> = {
  ship: (_, place) => `Ship it: the student can ${place}.`,
  ship_with_fallback: (verdict) =>
    `Ship it with the teacher behind it: the student answers ${shareKept(verdict)}, the teacher the rest.`,
  do_not_ship: (_, place) => `Do not ship it: the student is not good enough to ${place}.`,
  not_enough_data: (verdict, place) =>
    `Not enough evaluation rows to tell whether the student can ${place}${rowsWanted(verdict)}.`,
  no_need: (_, place) =>
    `No need for a student: a cheaper model that was not trained for this can already ${place}.`,
}

/** The verdict in one sentence. `verdict.reason` says why, with figures. */
export function verdictHeadline(verdict: Verdict): string {
  return headlines[verdict.verdict](verdict, `take the place of ${verdict.replaces}`)
}

function shareKept(verdict: Verdict): string {
  return verdict.coverage === undefined
    ? 'the calls that it is sure of'
    : `${roundPercent(verdict.coverage)} of the calls`
}

function rowsWanted(verdict: Verdict): string {
  return verdict.moreRows === undefined ? '' : `: about ${count(verdict.moreRows)} more would settle it`
}

/** What the score of an arm is called. */
export function metricName(data: ReportData): string {
  if (data.task.output === 'text') return 'mean grade'
  return isOneValue(data) ? 'accuracy' : 'mean field accuracy'
}

export function metricMeaning(data: ReportData): string {
  if (data.task.output === 'text')
    return 'what the graders gave each answer, from 0 to 100\u00a0%, averaged over the rows'
  if (isOneValue(data)) return 'the share of rows answered exactly as expected'
  return `the share of the ${data.task.fields.length} fields answered exactly as expected, averaged over the rows`
}

/** The rule of the verdict, in words. */
export function verdictRule(data: ReportData): string {
  const { verdict } = data
  const metric = verdict.metric === 'exactMatch' ? 'exact match' : metricName(data)
  return (
    `The rule, set beforehand: the student’s ${metric} may be at most ${pointsOf(verdict.marginPoints)} below that of ` +
    `${verdict.replaces}, and the whole 95\u00a0% interval of the difference has to keep to that.`
  )
}

export const intervalMeaning =
  'The 95\u00a0% interval is the room that chance leaves: measured on many other sets of such rows, ' +
  '95 of 100 such ranges would hold the true figure'

export const mcNemarMeaning =
  "McNemar's test looks only at the rows that exactly one of the two got right; p is how often luck alone would " +
  'split them at least this unevenly if the two were equally good'

export const roleLabels: Readonly<Record<ArmRole, string>> = {
  teacher: 'teacher',
  reference: 'for comparison',
  floor: 'floor',
  before: 'student before',
  after: 'student after',
  cascade: 'student with teacher',
}

export const roleMeanings: Readonly<Record<ArmRole, string>> = {
  teacher: 'the model whose answers taught the student',
  reference: 'measured on the same rows for comparison',
  floor: 'the most frequent value every time: what no model at all would score',
  before: 'what there was before the teacher taught the student',
  after: 'the student as it would be served',
  cascade: 'the student, and the teacher wherever the student is unsure',
}

/** What a difference and its interval say, in one sentence. */
export function comparisonSentence(comparison: Comparison): string {
  const { first, second, difference, interval } = comparison
  const range = `95\u00a0% interval ${pointsRange(interval)}`
  if (!(interval[0] > 0) && !(interval[1] < 0)) {
    return `These rows cannot tell ${first} and ${second} apart: the difference is ${signedPoints(difference)} points, and its ${range} includes zero.`
  }
  const size = signedPoints(Math.abs(difference)).replace('+', '')
  return `${first} is ${size} points ${interval[0] > 0 ? 'above' : 'below'} ${second} (${range}): more than chance would explain.`
}

/** Rows that only one of the two got exactly right. */
export function winsSentence(comparison: Comparison): string {
  const { first, second, wins, losses } = comparison
  if (wins === 0 && losses === 0) return 'Both were exactly right on the same rows.'
  return `Only ${first} was exactly right on ${countOf(wins, 'row')}, only ${second} on ${count(losses)} (McNemar: ${pValue(comparison.pValue)}).`
}

export function worseFieldText(field: Verdict['worseFields'][number]): string {
  return `${signedPoints(field.difference)} points (${pointsRange(field.interval)})`
}

export function worseFieldsHeading(data: ReportData): string {
  const { replaces, marginPoints } = data.verdict
  return `Worse than ${replaces} by more than the ${pointsOf(marginPoints)} allowed, in brackets the interval:`
}

export const worseFieldsMeaning =
  'These intervals are wider than 95\u00a0%, since several fields looked at together give chance several turns.'

/** Where the evaluation rows came from and how many there are. */
export function rowsSentence(data: ReportData): string {
  const rows = countOf(data.data.evaluationRows, 'evaluation row')
  return `Every arm answered the same ${rows}, which the student never learned from: ${data.data.evaluationFrom}.`
}

export function fallbackSentence(data: ReportData): string | null {
  const { threshold, coverage } = data.verdict
  if (data.verdict.verdict !== 'ship_with_fallback' || threshold === undefined) return null
  const share = coverage === undefined ? '' : `, which leaves the student ${percent(coverage)} of the calls`
  return `Below a confidence of ${percent(threshold)} the teacher answers${share}.`
}

export const reasonLabels: Readonly<Record<CurationReason, string>> = {
  failed: 'the call failed',
  refused: 'the teacher declined to answer',
  invalid: 'not valid against the schema',
  not_quoted: 'quotes what the input does not say',
  duplicate: 'same input as another row',
  near_duplicate: 'nearly the same input as another row',
  conflict: 'same input, different answers',
  leak_exact: 'same input as an evaluation row',
  leak_near: 'nearly the same input as an evaluation row',
  leak_substring: 'shares a passage with an evaluation row',
  over_class_limit: 'more rows of one value than allowed',
}

export function breakEvenHeadline(data: ReportData): string {
  const { breakEvenCalls } = data.costs
  return breakEvenCalls === null
    ? 'No break-even: it does not pay for itself, or the prices are not known'
    : `Paid for itself after ${count(breakEvenCalls)} calls`
}

export const termsLabels: Readonly<Record<ReportData['terms']['status'], string>> = {
  allowed: 'Allowed',
  restricted: 'Restricted',
  unknown: 'Not known',
}
