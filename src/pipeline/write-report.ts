/** Writes the report (HTML, Markdown, JSON) and the journal into the run's folder, each file whole or not at all. */
import { readFile } from 'node:fs/promises'
import type { StepEvent } from '../core/event.ts'
import type { Json } from '../core/json.ts'
import type { JournalEntry, ReportData } from '../core/report-data.ts'
import { writeWhole } from '../core/write-whole.ts'
import { listSteps, type ListedStep } from '../runs/step.ts'
import { renderHtml } from '../steps/report/render-html.ts'
import { renderJournal } from '../steps/report/render-journal.ts'
import { renderMarkdown } from '../steps/report/render-markdown.ts'
import { buildReport, type StepResults } from './build-report.ts'
import type { RunResult, Session } from './session.ts'

export async function* writeReport(
  session: Session,
  results: Omit<StepResults, 'seconds'>,
): AsyncGenerator<StepEvent, RunResult> {
  const file = session.path('report.html')
  const known = session.run.manifest.state === 'done' ? await readReport(session) : null
  if (known !== null) {
    yield {
      type: 'step',
      step: 'report',
      title: 'the report',
      state: 'skipped',
      detail: `up to date: ${file}`,
    }
    await session.finish('done')
    return { ...session.result(known.verdict.reason), report: { data: known, file } }
  }
  yield { type: 'step', step: 'report', title: 'the report', state: 'started' }
  const steps = await listSteps(session.run.folder)
  const seconds = steps.reduce((sum, { manifest }) => sum + manifest.seconds, 0)
  const data = buildReport(session, { ...results, seconds }, session.options.now())
  await writeWhole(session.path('report.json'), `${JSON.stringify(data, null, 2)}\n`)
  await writeWhole(session.path('report.md'), renderMarkdown(data))
  await writeWhole(session.path('journal.md'), renderJournal(journalOf(steps, session, data), data))
  await writeWhole(file, renderHtml(data))
  await session.finish(isComplete(results) ? 'done' : 'incomplete')
  yield { type: 'step', step: 'report', title: 'the report', state: 'finished', detail: file }
  return { ...session.result(data.verdict.reason), report: { data, file } }
}

async function readReport(session: Session): Promise<ReportData | null> {
  try {
    return JSON.parse(await readFile(session.path('report.json'), 'utf8')) as ReportData
  } catch {
    return null
  }
}

/** Rows that failed or a training that was cut short are done again by the next run of the same config. */
function isComplete({ before, answered, student }: Omit<StepResults, 'seconds'>): boolean {
  const failedCalls = before.arms.some(({ arm }) => arm.source === 'provider' && arm.failed > 0)
  return !failedCalls && answered.generation.failed === 0 && !student.manifest.interrupted
}

/** One entry a step, in the order in which they were done, from the manifests beside their artifacts. */
function journalOf(steps: readonly ListedStep[], session: Session, data: ReportData): JournalEntry[] {
  const entries = steps.map(({ id, manifest }) => ({
    at: manifest.startedAt,
    step: id,
    text: `${manifest.title}: ${manifest.finished}.`,
    settings: { inputsHash: manifest.inputsHash, ...shortSettings(manifest.inputs) },
    figures: { seconds: manifest.seconds, files: manifest.files.join(', ') },
    command: `${session.options.command} ${manifest.step} ${session.loaded.file}`,
  }))
  return [
    ...entries,
    {
      at: data.run.finishedAt,
      step: 'report',
      text: `Verdict: ${data.verdict.verdict}. ${data.verdict.reason}`,
      settings: { replaces: data.verdict.replaces, marginPoints: data.verdict.marginPoints },
      figures: Object.fromEntries(data.arms.map((arm) => [arm.name, round(arm.score)])),
      command: `${session.options.command} run ${session.loaded.file}`,
    },
  ]
}

/** Scalars and short texts; whole prompts, schemas and lists are behind the hash. */
function shortSettings(inputs: unknown): Record<string, Json> {
  if (typeof inputs !== 'object' || inputs === null) return {}
  return Object.fromEntries(
    Object.entries(inputs).filter(
      ([, value]) =>
        typeof value === 'number' ||
        typeof value === 'boolean' ||
        (typeof value === 'string' && value.length <= 80),
    ),
  )
}

function round(score: number): number {
  return Math.round(score * 1e6) / 1e6
}
