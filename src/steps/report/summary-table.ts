/** The before/after table for a terminal: columns aligned, and left out where the terminal is too narrow. */
import type { Arm } from '../../core/measure.ts'
import type { ReportData } from '../../core/report-data.ts'
import { count, duration, percent, percentRange, usd, withPlainSpaces } from './format.ts'
import { isOneValue, recordedLabel } from './lookup.ts'
import { clean, columnsOf, cut, padEnd, padStart } from './terminal-text.ts'

const gap = 2
const mostArms = 12

interface SummaryColumn {
  readonly heading: string
  readonly cells: readonly string[]
  /** Columns with higher numbers go first when the terminal is narrow; 0 stays. */
  readonly dispensable: number
}

export interface SummaryLine {
  readonly text: string
  readonly look: 'heading' | 'arm' | 'student' | 'more'
}

export function summaryTable(data: ReportData, width: number): readonly SummaryLine[] {
  const arms = shownArms(data)
  const names = arms.map((arm) => clean(nameCell(data, arm)))
  const columns = fitting(allColumns(data, arms), names, width)
  const nameWidth = Math.max(3, Math.min(widest(['arm', ...names]), width - widthOf(columns)))
  const line = (name: string, cells: readonly string[]): string =>
    padEnd(cut(name, nameWidth), nameWidth) +
    cells.map((cell, index) => ' '.repeat(gap) + padStart(cell, columnWidth(columns[index]))).join('')
  const heading = line(
    'arm',
    columns.map((column) => column.heading),
  )
  const lines = arms.map((arm, index) => ({
    text: line(
      names[index],
      columns.map((column) => column.cells[index]),
    ),
    look: arm.role === 'after' ? ('student' as const) : ('arm' as const),
  }))
  const left = data.arms.length - arms.length
  const more = left > 0 ? [{ text: `and ${count(left)} more in the report`, look: 'more' as const }] : []
  return [{ text: heading, look: 'heading' }, ...lines, ...more]
}

/** All of them, or of a great many those that the verdict speaks of, in the order of the report. */
function shownArms(data: ReportData): readonly Arm[] {
  if (data.arms.length <= mostArms) return data.arms
  const matters = (arm: Arm): number =>
    arm.role === 'reference' && arm.name !== data.verdict.replaces ? 1 : 0
  const chosen = new Set(data.arms.toSorted((a, b) => matters(a) - matters(b)).slice(0, mostArms))
  return data.arms.filter((arm) => chosen.has(arm))
}

/** Recorded answers have no latency: their label stands in its column, else behind the name. */
function nameCell(data: ReportData, arm: Arm): string {
  const label = recordedLabel(data, arm)
  return label === null || arm.latencyP50Ms === null ? arm.name : `${arm.name} (${label})`
}

function timeCell(data: ReportData, arm: Arm): string {
  const recorded = recordedLabel(data, arm) !== null && arm.latencyP50Ms === null
  return recorded ? 'recorded' : duration(arm.latencyP50Ms)
}

function allColumns(data: ReportData, arms: readonly Arm[]): readonly SummaryColumn[] {
  const allValid = data.arms.every((arm) => arm.valid === 1)
  const column = (heading: string, dispensable: number, cell: (arm: Arm) => string): SummaryColumn => ({
    heading,
    dispensable,
    cells: arms.map((arm) => withPlainSpaces(cell(arm))),
  })
  return [
    column(data.task.output === 'text' ? 'grade' : 'accuracy', 0, (arm) => percent(arm.score)),
    column('95 % interval', 2, (arm) => percentRange(arm.interval)),
    ...(isOneValue(data) ? [] : [column('exact', 3, (arm) => percent(arm.exactMatch))]),
    column('valid', allValid ? 4 : 2.5, (arm) => percent(arm.valid)),
    column('per 1,000', 1, (arm) => usd(arm.priceUsdPer1000)),
    column('time', 0, (arm) => timeCell(data, arm)),
  ]
}

function fitting(
  columns: readonly SummaryColumn[],
  names: readonly string[],
  width: number,
): readonly SummaryColumn[] {
  const wanted = Math.min(24, widest(['arm', ...names]))
  const least = columns.toSorted((a, b) => b.dispensable - a.dispensable)[0]
  if (width - widthOf(columns) >= wanted || least === undefined || least.dispensable === 0) return columns
  return fitting(
    columns.filter((column) => column !== least),
    names,
    width,
  )
}

function columnWidth(column: SummaryColumn): number {
  return widest([column.heading, ...column.cells])
}

function widthOf(columns: readonly SummaryColumn[]): number {
  return columns.reduce((sum, column) => sum + gap + columnWidth(column), 0)
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(columnsOf))
}
