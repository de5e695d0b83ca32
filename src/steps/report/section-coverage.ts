/** What the student's own confidence is worth: accuracy at coverage, with the teacher behind it. */
import type { ReportData } from '../../core/report-data.ts'
import { coverageChart } from './chart-coverage.ts'
import { percent, pointsOf } from './format.ts'
import { html } from './html.ts'
import type { HtmlValue } from './html.ts'
import { armOfRole, pointAtThreshold } from './lookup.ts'
import { section } from './parts.ts'

export function coverageSection(data: ReportData): HtmlValue {
  const sentences = coverageSentences(data)
  const chart = coverageChart(data)
  if (chart === null && sentences.length === 0) return null
  return section(
    'coverage',
    coverageTitle(data),
    html`${sentences.map((text) => html`<p>${text}</p>`)} ${chart}`,
  )
}

export function coverageTitle(data: ReportData): string {
  return data.coverage.points.length === 0 ? 'How sure the student is' : 'With the teacher behind it'
}

/** The curve's story in a few sentences; empty where there is no curve and nothing is known of confidence. */
export function coverageSentences(data: ReportData): readonly string[] {
  const sentences = data.coverage.points.length === 0 ? [] : [...curveSentences(data)]
  const gap = armOfRole(data, 'after')?.expectedCalibrationError ?? data.training.expectedCalibrationError
  if (gap !== null && gap !== undefined) {
    sentences.push(
      `How honest the confidence is: it differs from the share of answers that are wholly right by ${pointsOf(Math.round(gap * 1000) / 10)} on average.`,
    )
  }
  return sentences
}

function curveSentences(data: ReportData): readonly string[] {
  return [
    'With every answer the student says how sure it is. Where that is below a threshold, the teacher can answer instead: fewer calls are cheap then, but fewer are wrong where the teacher is better.',
    chosenSentence(data),
    losslessSentence(data),
  ]
}

function chosenSentence(data: ReportData): string {
  const { chosenThreshold, chosenOn } = data.coverage
  if (chosenThreshold === null) {
    return `No threshold was found at which the student would answer enough of the calls and the mixture be good enough; it was looked for on ${chosenOn}.`
  }
  const point = pointAtThreshold(data, chosenThreshold)
  const base = `The threshold, ${percent(chosenThreshold)}, was chosen without the evaluation rows, on ${chosenOn}.`
  if (point === undefined) return `${base} On no evaluation row is the student that sure.`
  return `${base} On the evaluation rows the student answers ${percent(point.coverage)} of the calls with it, and student and teacher together score ${percent(point.cascadeScore)}.`
}

function losslessSentence(data: ReportData): string {
  const { losslessCoverage } = data.coverage
  if (losslessCoverage === null || losslessCoverage <= 0) {
    return 'At no share of the calls did the mixture keep up with the teacher alone on these rows.'
  }
  return `With the student answering ${percent(losslessCoverage)} of these rows the mixture still scored no less than the teacher alone; no higher share did.`
}
