/** report.md: the same report for a pull request, a wiki or a plain editor. */
import type { Comparison } from '../../core/measure.ts'
import type { FieldDetail, ReportData } from '../../core/report-data.ts'
import { topConfusions } from './chart-heat.ts'
import {
  capital,
  classText,
  count,
  countOf,
  duration,
  elapsed,
  moment,
  percent,
  percentRange,
  pointsRange,
  signedPoints,
  usd,
  withPlainSpaces,
} from './format.ts'
import { keyFigures, labelledName } from './key-figures.ts'
import { isOneValue, recordedLabelOf } from './lookup.ts'
import { bullets, code, paragraphs, plain, table } from './markdown.ts'
import {
  costsPart,
  dataPart,
  reproducePart,
  termsPart,
  trainingPart,
  worstPart,
} from './render-markdown-details.ts'
import { coverageSentences, coverageTitle } from './section-coverage.ts'
import { classMeanings } from './section-fields.ts'
import {
  comparisonSentence,
  fallbackSentence,
  intervalMeaning,
  mcNemarMeaning,
  metricMeaning,
  metricName,
  roleLabels,
  rowsSentence,
  verdictHeadline,
  verdictLabels,
  verdictRule,
  winsSentence,
  worseFieldsHeading,
  worseFieldsMeaning,
  worseFieldText,
} from './words.ts'

export function renderMarkdown(data: ReportData): string {
  const parts = [
    headPart(data),
    firstPart(data),
    armsPart(data),
    fieldsPart(data),
    detailsPart(data),
    worstPart(data),
    coveragePart(data),
    costsPart(data),
    trainingPart(data),
    dataPart(data),
    termsPart(data),
    reproducePart(data),
  ]
  return `${withPlainSpaces(paragraphs(parts))}\n`
}

function headPart(data: ReportData): string {
  const { verdict, run } = data
  const figures = keyFigures(data).map((figure) => [
    plain(figure.label),
    plain(figure.from === null ? figure.to : `${figure.from} → ${figure.to}`),
    plain(figure.detail),
  ])
  const fallback = fallbackSentence(data)
  return paragraphs([
    `# ${plain(data.name)}: ${verdictLabels[verdict.verdict]}`,
    `**${plain(verdictHeadline(verdict))}**`,
    plain(verdict.reason),
    fallback !== null && plain(fallback),
    plain(`${verdictRule(data)} ${capital(metricName(data))} is ${metricMeaning(data)}.`),
    worseFields(data),
    figures.length > 0 && table([['Figure'], ['Value', 'figure'], ['']], figures),
    plain(`Potstill report of ${moment(run.finishedAt)}; the run took ${elapsed(run.seconds)}.`),
    data.note !== null && data.note !== '' && `> ${plain(data.note)}`,
  ])
}

function worseFields(data: ReportData): string | null {
  const { worseFields: fields } = data.verdict
  if (fields.length === 0) return null
  return paragraphs([
    plain(worseFieldsHeading(data)),
    bullets(fields.map((item) => `${code(item.path)} ${plain(worseFieldText(item))}`)),
    plain(worseFieldsMeaning),
  ])
}

function firstPart(data: ReportData): string {
  return paragraphs([
    data.warnings.length > 0 && '## Before you trust these figures',
    bullets(data.warnings.map(plain)),
    data.next.length > 0 && '## What to try next',
    data.next.map((item, index) => `${index + 1}. ${plain(item)}`).join('\n'),
  ])
}

function armsPart(data: ReportData): string {
  const exact = !isOneValue(data)
  const lines = data.arms.map((arm) => [
    plain(labelledName(data, arm)),
    roleLabels[arm.role],
    code(arm.model),
    percent(arm.score),
    percentRange(arm.interval),
    ...(exact ? [percent(arm.exactMatch)] : []),
    percent(arm.valid),
    plain(usd(arm.priceUsdPer1000)),
    duration(arm.latencyP50Ms),
    count(arm.failed),
  ])
  return paragraphs([
    '## Before and after',
    plain(`${rowsSentence(data)} ${intervalMeaning}.`),
    table(
      [
        ['Arm'],
        ['Role'],
        ['Model'],
        [capital(metricName(data)), 'figure'],
        ['95 % interval', 'figure'],
        ...(exact ? ([['Exact match', 'figure']] as const) : []),
        ['Valid', 'figure'],
        ['Price of 1,000 calls', 'figure'],
        ['Time of an answer', 'figure'],
        ['Failed calls', 'figure'],
      ],
      lines,
    ),
    gradersTable(data),
    data.comparisons.length > 0 && '### Side by side',
    data.comparisons.length > 0 && comparisonsTable(data),
    bullets(data.comparisons.map((item) => plain(`${comparisonSentence(item)} ${winsSentence(item)}`))),
    data.comparisons.length > 0 && plain(`${mcNemarMeaning}.`),
  ])
}

function comparisonsTable(data: ReportData): string {
  const line = (item: Comparison): readonly string[] => [
    plain(nameOf(data, item.first)),
    plain(nameOf(data, item.second)),
    signedPoints(item.difference),
    pointsRange(item.interval),
    count(item.wins),
    count(item.losses),
  ]
  return table(
    [
      ['First'],
      ['Second'],
      ['First minus second, points', 'figure'],
      ['95 % interval', 'figure'],
      ['Only first exactly right', 'figure'],
      ['Only second', 'figure'],
    ],
    data.comparisons.map(line),
  )
}

function nameOf(data: ReportData, name: string): string {
  const label = recordedLabelOf(data, name)
  return label === null ? name : `${name} (${label})`
}

function gradersTable(data: ReportData): string | null {
  const lines = data.arms.flatMap((arm) =>
    arm.graders.map((grader) => [
      plain(grader.name),
      plain(labelledName(data, arm)),
      percent(grader.mean),
      percentRange(grader.interval),
      count(grader.passed),
      count(grader.errors),
    ]),
  )
  if (lines.length === 0) return null
  return table(
    [
      ['Grader'],
      ['Arm'],
      ['Mean grade', 'figure'],
      ['95 % interval', 'figure'],
      ['Passed', 'figure'],
      ['Errors of the grader', 'figure'],
    ],
    lines,
  )
}

function fieldsPart(data: ReportData): string | null {
  const paths = [...new Set(data.arms.flatMap((arm) => arm.fields.map((item) => item.path)))]
  if (paths.length < 2) return null
  const cell = (path: string, arm: ReportData['arms'][number]): string => {
    const score = arm.fields.find((item) => item.path === path)
    const present = score?.whenPresent
    return `${percent(score?.accuracy)}${present === undefined ? '' : ` (${percent(present.accuracy)} of ${count(present.rows)} not null)`}`
  }
  return paragraphs([
    '## Field by field',
    'The share of rows on which each arm gave the expected value; in brackets, of the rows where that value is not null.',
    table(
      [['Field'], ...data.arms.map((arm) => [plain(labelledName(data, arm)), 'figure'] as const)],
      paths.map((path) => [code(path), ...data.arms.map((arm) => cell(path, arm))]),
    ),
  ])
}

function detailsPart(data: ReportData): string | null {
  const parts = data.fields.map(detailPart).filter((part) => part !== null)
  return parts.length === 0 ? null : paragraphs(['## Value by value', plain(classMeanings), ...parts])
}

function detailPart(detail: FieldDetail): string | null {
  if (detail.classes.length === 0) return null
  const lines = detail.classes
    .slice(0, 100)
    .map((item) => [
      plain(classText(item.value)),
      count(item.rows),
      percent(item.precision),
      percent(item.recall),
      percent(item.f1),
    ])
  const confusions = topConfusions(detail.confusion, 8)
  return paragraphs([
    `### ${code(detail.path)}`,
    table(
      [['Value'], ['Rows', 'figure'], ['Precision', 'figure'], ['Recall', 'figure'], ['F1', 'figure']],
      lines,
    ),
    confusions.length > 0 && 'Taken for another most often (expected → answered):',
    bullets(
      confusions.map((item) => plain(`${countOf(item.rows, 'row')}: ${item.expected} → ${item.answered}`)),
    ),
  ])
}

function coveragePart(data: ReportData): string | null {
  const sentences = coverageSentences(data)
  if (sentences.length === 0) return null
  const points = data.coverage.points.toSorted((a, b) => a.coverage - b.coverage)
  const every = Math.max(1, Math.ceil(points.length / 11))
  const shown = points.filter((_, index) => index % every === 0 || index === points.length - 1)
  const lines = shown.map((point) => [
    percent(point.coverage),
    percent(point.threshold),
    percent(point.studentScore),
    percent(point.cascadeScore),
  ])
  return paragraphs([
    `## ${coverageTitle(data)}`,
    ...sentences.map(plain),
    lines.length > 0 &&
      table(
        [
          ['Student answers', 'figure'],
          ['Threshold', 'figure'],
          ['Student on those', 'figure'],
          ['Both on all rows', 'figure'],
        ],
        lines,
      ),
  ])
}
