/** The end of `potstill run` on a terminal: table, verdict, price and latency, what to try next. */
import { createColors } from 'picocolors'
import type { VerdictWord } from '../../core/measure.ts'
import type { ReportData } from '../../core/report-data.ts'
import { capital, duration, usd, withPlainSpaces } from './format.ts'
import { labelledName, priceRatio } from './key-figures.ts'
import { armOfRole, candidateArm, replacedArm } from './lookup.ts'
import { summaryTable } from './summary-table.ts'
import type { SummaryLine } from './summary-table.ts'
import { clean, columnsOf, wrap } from './terminal-text.ts'
import {
  breakEvenHeadline,
  fallbackSentence,
  metricMeaning,
  metricName,
  verdictHeadline,
  worseFieldText,
} from './words.ts'

export interface SummaryOptions {
  /** Columns of the terminal; below 40 it is taken for 40. */
  readonly width: number
  readonly colour: boolean
}

const mostLines = 42
type Colours = ReturnType<typeof createColors>
type Paint = (text: string) => string

/** At most 42 lines, none but the report's path wider than the terminal. */
export function renderSummary(data: ReportData, options: SummaryOptions): string {
  const width = Math.max(40, Math.floor(options.width))
  const colours = createColors(options.colour)
  const head = [
    ...tableLines(data, width, colours),
    '',
    ...verdictLines(data, width, colours),
    '',
    ...moneyLines(data, width),
  ]
  const foot = ['', ...reportLines(data, width)]
  const room = mostLines - head.length - foot.length
  const warnings = itemLines(
    'Before you trust these figures:',
    data.warnings,
    width,
    Math.min(10, room - 6),
    '!',
  )
  const next = itemLines('What to try next:', data.next, width, room - warnings.length, '-')
  return `${withPlainSpaces([...head, ...warnings, ...next, ...foot].join('\n'))}\n`
}

function tableLines(data: ReportData, width: number, colours: Colours): readonly string[] {
  const meaning = `${metricName(data)} on ${data.data.evaluationRows} evaluation rows: ${metricMeaning(data)}`
  const paints: Readonly<Record<SummaryLine['look'], Paint>> = {
    heading: colours.dim,
    arm: String,
    student: colours.bold,
    more: colours.dim,
  }
  return [
    ...paragraph(data.name, width, 1).map(colours.bold),
    ...paragraph(capital(meaning), width, 3).map(colours.dim),
    ...summaryTable(data, width).map((line) => paints[line.look](line.text)),
  ]
}

function verdictLines(data: ReportData, width: number, colours: Colours): readonly string[] {
  const { verdict } = data
  const tones: Readonly<Record<VerdictWord, Paint>> = {
    ship: colours.green,
    ship_with_fallback: colours.green,
    do_not_ship: colours.red,
    not_enough_data: colours.yellow,
    no_need: colours.cyan,
  }
  const fallback = fallbackSentence(data)
  const worse = verdict.worseFields.map((item) => `${item.path} ${worseFieldText(item)}`).join('; ')
  return [
    ...paragraph(verdictHeadline(verdict), width, 2).map((line) =>
      colours.bold(tones[verdict.verdict](line)),
    ),
    ...paragraph(fallback === null ? verdict.reason : `${verdict.reason} ${fallback}`, width, 6),
    ...paragraph(worse === '' ? '' : `Worse beyond the margin in: ${worse}`, width, 2),
  ]
}

function moneyLines(data: ReportData, width: number): readonly string[] {
  const candidate = candidateArm(data)
  const student = armOfRole(data, 'after')
  const lines: string[] = []
  if (candidate !== undefined) {
    const from = replacedArm(data)?.priceUsdPer1000
    const ratio = priceRatio(data, candidate)
    const change = `${from === undefined ? '' : `${usd(from)} → `}${usd(candidate.priceUsdPer1000)}`
    lines.push(
      `Price of 1,000 calls, ${labelledName(data, candidate)}: ${change}${ratio === null ? '' : `, ${ratio}`}`,
    )
  }
  lines.push(breakEvenHeadline(data))
  if (student !== undefined) {
    const [half, most] = [duration(student.latencyP50Ms), duration(student.latencyP95Ms)]
    lines.push(
      `Time of an answer, ${labelledName(data, student)}: half within ${half}, 95 in 100 within ${most}`,
    )
  }
  return lines.flatMap((line) => paragraph(line, width, 3))
}

/** A heading and as many items as there is room for, each on at most four lines; nothing where there is no item. */
function itemLines(
  heading: string,
  items: readonly string[],
  width: number,
  room: number,
  sign: string,
): readonly string[] {
  const lines = ['', heading]
  for (const item of items) {
    const own = paragraph(`${sign} ${item}`, width, 4, '  ')
    if (lines.length + own.length > room) break
    lines.push(...own)
  }
  return lines.length > 2 ? lines : []
}

/** A path is of use only whole: one that is too long stands on a line of its own, however long that is. */
function reportLines(data: ReportData, width: number): readonly string[] {
  const path = clean(`${data.run.folder}/report.html`)
  const line = `Report: ${path}`
  return columnsOf(line) <= width ? [line] : ['Report:', path]
}

function paragraph(text: string, width: number, most: number, indent = ''): readonly string[] {
  // A unit stays with its figure, also in sentences that come from elsewhere.
  return wrap(clean(text).replaceAll(' %', '\u00a0%'), width, indent, most)
}
