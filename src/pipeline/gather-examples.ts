/** From unlabelled rows to training files: the teacher answers them, curation decides, what is kept is written out. */
import { join } from 'node:path'
import type { OpenedModel } from '../catalog.ts'
import type { Reply } from '../core/chat-model.ts'
import type { CurationSummary, Fate } from '../core/curation.ts'
import type { StepEvent } from '../core/event.ts'
import { hashJson } from '../core/hash.ts'
import type { ReportData } from '../core/report-data.ts'
import type { Example, Row } from '../core/row.ts'
import { writeTraining } from '../data/write-training.ts'
import { maskExamples } from '../steps/curate/masking/mask-example.ts'
import { curate } from '../steps/curate/curate.ts'
import type { Candidate } from '../steps/curate/entry.ts'
import { generate, type Outcome } from '../steps/generate/generate.ts'
import { rowsToAsk, type SkippedRow } from './rows-to-ask.ts'
import type { Session } from './session.ts'
import { withUnasked } from './unasked-rows.ts'

export interface Answered {
  readonly outcomes: readonly Outcome[]
  /** Rows that were not asked, because their input is there already. */
  readonly skipped: readonly SkippedRow[]
  readonly generation: ReportData['generation']
  /** The model whose terms count: that of the recorded answers' price, for recorded ones. */
  readonly pricedAs: string
  readonly summary: string
}

export interface Curated {
  readonly examples: readonly Example[]
  readonly summary: CurationSummary
  readonly text: string
}

/** What is kept of a reply beside the call log, which has it whole. */
type KeptReply = Omit<Reply, 'raw'>
type OutcomeLine = { readonly rowKey: string } & ({ readonly reply: KeptReply } | { readonly fault: string })

type Generation = ReportData['generation']

export async function* generateAnswers(
  session: Session,
  teacher: OpenedModel,
): AsyncGenerator<StepEvent, Answered> {
  const { task } = session
  const { ask, skipped } = rowsToAsk(session)
  const settings = session.settingsOf('teacher')
  const step = yield* session.step<{
    'outcomes.jsonl': readonly OutcomeLine[]
    'generation.json': Generation
  }>({
    step: 'generate',
    id: 'generate',
    title: `${ask.length} answers of the teacher (${teacher.model.id}${teacher.model.source === 'recorded' ? ', recorded answers' : ''})`,
    inputs: {
      teacher: teacher.identity,
      settings,
      task,
      rows: hashJson(ask.map((row) => [row.key, row.history ?? []])),
    },
    async *work() {
      const asked = yield* generate(teacher.model, ask, { ...session.asking(teacher.model), settings })
      const generation: Generation = {
        model: teacher.model.id,
        source: teacher.model.source,
        asked: ask.length,
        answered: asked.answered,
        failed: asked.failed,
        fromCallLog: asked.fromCallLog,
        usd: asked.usd,
        usdBasis: teacher.priceBasis,
      }
      return {
        artifacts: { 'outcomes.jsonl': asked.outcomes.map(toLine), 'generation.json': generation },
        finished: `${asked.answered} answered${asked.failed > 0 ? `, ${asked.failed} failed` : ''}`,
        // A recorded model has no more answers the next time than it had now.
        incomplete: teacher.model.source === 'provider' && asked.failed > 0,
      }
    },
  })
  const generation = step.artifacts['generation.json']
  return {
    outcomes: joinRows(ask, step.artifacts['outcomes.jsonl']),
    skipped,
    generation,
    pricedAs: teacher.priceBasis.match(/as if answered by (\S+)/)?.[1] ?? teacher.model.id,
    summary: `${generation.answered} of ${generation.asked} rows answered by ${generation.model}, in ${join(step.folder, 'outcomes.jsonl')}`,
  }
}

export async function* curateCandidates(
  session: Session,
  answered: Answered,
): AsyncGenerator<StepEvent, Curated> {
  const { config, task, rows } = session
  const candidates: Candidate[] = [...session.labelledExamples(), ...answered.outcomes]
  const step = yield* session.step<{
    'training.jsonl': readonly Example[]
    'fates.jsonl': readonly Fate[]
    'summary.json': CurationSummary
  }>({
    step: 'curate',
    id: 'curate',
    title: `${candidates.length + answered.skipped.length} candidate rows`,
    inputs: {
      curate: config.curate,
      task,
      evaluation: hashJson(rows.evaluation.map((row) => row.key)),
      candidates: hashJson(candidates.map(fingerprint)),
      unasked: hashJson(answered.skipped.map(({ row }) => row.key)),
    },
    async *work(folder) {
      const options = { task, evaluation: rows.evaluation, ...config.curate }
      const curated = withUnasked(yield* curate(candidates, options), answered.skipped)
      const { fates } = curated
      const { examples: kept, masked } = maskExamples(curated.kept, config.curate.mask)
      const summary = { ...curated.summary, ...(masked === null ? {} : { masked }) }
      await writeTraining(join(folder, 'training.chat.jsonl'), 'chat', task, kept)
      await writeTraining(join(folder, 'training.csv'), 'csv', task, kept)
      await writeTraining(join(folder, 'training-rows.json'), 'json', task, kept)
      return {
        artifacts: { 'training.jsonl': kept, 'fates.jsonl': fates, 'summary.json': summary },
        finished: `${summary.kept} of ${summary.candidates} kept`,
      }
    },
  })
  const summary = step.artifacts['summary.json']
  return {
    examples: step.artifacts['training.jsonl'],
    summary,
    text: `${summary.kept} of ${summary.candidates} rows kept, training files in ${step.folder}`,
  }
}

function toLine(outcome: Outcome): OutcomeLine {
  if ('fault' in outcome) return { rowKey: outcome.row.key, fault: outcome.fault }
  const { raw: _, ...reply } = outcome.reply
  return { rowKey: outcome.row.key, reply }
}

function joinRows(rows: readonly Row[], lines: readonly OutcomeLine[]): Outcome[] {
  return rows.map((row, index) => {
    const line = lines[index]
    return 'fault' in line ? { row, fault: line.fault } : { row, reply: { ...line.reply, raw: null } }
  })
}

/** What a candidate's fate depends on. */
function fingerprint(candidate: Candidate): unknown {
  const { row } = candidate
  if ('reply' in candidate) {
    const { content, finishReason, soft = null } = candidate.reply
    return [row.key, row.group, content, finishReason, soft]
  }
  return [row.key, row.group, 'output' in candidate ? candidate.output : null]
}
