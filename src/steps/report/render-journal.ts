/** journal.md: what each step did, in the order in which it happened, and the command that repeats it. */
import type { Json } from '../../core/json.ts'
import type { JournalEntry, ReportData } from '../../core/report-data.ts'
import { instant, settingText, withPlainSpaces } from './format.ts'
import { block, code, paragraphs, plain, table } from './markdown.ts'
import { verdictHeadline } from './words.ts'

/** `data` adds the run's name, its note and the verdict at the top, once there is one. */
export function renderJournal(entries: readonly JournalEntry[], data?: ReportData): string {
  const steps = entries.length === 0 ? ['Nothing was done yet.'] : entries.map(entryPart)
  return `${withPlainSpaces(paragraphs([headPart(data), ...steps]))}\n`
}

function headPart(data: ReportData | undefined): string {
  if (data === undefined) return '# Journal'
  return paragraphs([
    `# Journal of ${plain(data.name)}`,
    plain(`Run ${data.run.id}, seed ${data.run.seed}, potstill ${data.run.potstill}.`),
    data.note !== null && data.note !== '' && `> ${plain(data.note)}`,
    `**${plain(verdictHeadline(data.verdict))}** ${plain(data.verdict.reason)}`,
  ])
}

function entryPart(entry: JournalEntry): string {
  return paragraphs([
    `## ${plain(entry.step)}, ${plain(instant(entry.at))}`,
    plain(entry.text),
    valuesTable('Setting', entry.settings),
    valuesTable('Figure', entry.figures),
    entry.command !== '' && block(entry.command, 'sh'),
  ])
}

function valuesTable(heading: string, values: Readonly<Record<string, Json>>): string | null {
  const lines = Object.entries(values).map(([name, value]) => [code(name), plain(settingText(value))])
  return lines.length === 0 ? null : table([[heading], ['Value']], lines)
}
