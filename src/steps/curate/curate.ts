/** Decides which candidates a student learns from; nothing is changed, and each row's fate is kept. */
import { createAnswerParser } from '../../core/answer.ts'
import type { CurationReason, CurationSummary, Fate } from '../../core/curation.ts'
import type { StepEvent } from '../../core/event.ts'
import type { Example, Row } from '../../core/row.ts'
import type { Task } from '../../core/task.ts'
import { balanceOf } from './balance.ts'
import {
  createEntry,
  valueOf,
  type Candidate,
  type Entry,
  type FilterContext,
  type Removal,
} from './entry.ts'
import { checkClassLimits } from './filters/over-class-limit.ts'
import { curationReasons, filters } from './filters/registry.ts'
import { warningsOf } from './warnings.ts'

export interface CurateOptions {
  readonly task: Task
  /** Rows that no training row may be in or near to. */
  readonly evaluation: readonly Row[]
  /** From this Jaccard similarity (0..1) on, of two rows with one answer, one goes; 0.9 by default. */
  readonly nearDuplicateSimilarity?: number
  /** From this similarity (0..1) to an evaluation row on, a row goes; 0.7 by default. */
  readonly leakSimilarity?: number
  /** At most this many rows with one value of a field, by field path; no limit by default. */
  readonly maxPerValue?: Readonly<Record<string, number>>
}

export interface Curated {
  /** In the order of the candidates. */
  readonly kept: readonly Example[]
  /** One a candidate, in their order. */
  readonly fates: readonly Fate[]
  readonly summary: CurationSummary
}

/** What each reason means, in the order in which the filters are applied. */
export const curationMeanings = Object.fromEntries(
  curationReasons.map((reason) => [reason, filters[reason].meaning]),
) as Readonly<Record<CurationReason, string>>

type Decision = Removal & { readonly reason: CurationReason }

/** @throws CONFIG_INVALID for a limit on a field that is not there, SCHEMA_INVALID. */
export async function* curate(
  candidates: readonly Candidate[],
  options: CurateOptions,
): AsyncGenerator<StepEvent, Curated> {
  const parse = createAnswerParser(options.task)
  const entries = candidates.map((candidate) => createEntry(candidate, options.task, parse))
  const context: FilterContext = {
    task: options.task,
    evaluation: options.evaluation,
    nearDuplicateSimilarity: options.nearDuplicateSimilarity ?? 0.9,
    leakSimilarity: options.leakSimilarity ?? 0.7,
    maxPerValue: options.maxPerValue ?? {},
  }
  checkClassLimits(context.task, context.maxPerValue)
  const decisions = new Map<Entry, Decision>()
  let left: readonly Entry[] = entries
  for (const [index, reason] of curationReasons.entries()) {
    yield progress(filters[reason].meaning, index, entries.length - left.length)
    for (const removal of filters[reason].find(left, context))
      decisions.set(removal.entry, { ...removal, reason })
    left = left.filter((entry) => !decisions.has(entry))
  }
  yield progress('done', curationReasons.length, entries.length - left.length)
  const kept = left.map(toExample)
  return {
    kept,
    fates: entries.map((entry) => fateOf(entry, decisions.get(entry))),
    summary: summarise(options.task, entries.length, kept, [...decisions.values()]),
  }
}

function progress(label: string, done: number, removed: number): StepEvent {
  return {
    type: 'progress',
    step: 'curate',
    label,
    done,
    total: curationReasons.length,
    detail: `${removed} removed`,
  }
}

function toExample(entry: Entry): Example {
  const { candidate } = entry
  if ('output' in candidate) return candidate
  const { callKey, soft } = 'reply' in candidate ? candidate.reply : {}
  return {
    row: entry.row,
    output: valueOf(entry),
    origin: 'teacher',
    ...(callKey === undefined ? {} : { callKey }),
    ...(soft === undefined ? {} : { soft }),
  }
}

function fateOf({ row, origin }: Entry, decision: Decision | undefined): Fate {
  const fate = { rowId: row.id, rowKey: row.key, origin }
  if (decision === undefined) return { ...fate, kept: true }
  const { reason, detail, other } = decision
  return { ...fate, kept: false, reason, detail, ...(other === undefined ? {} : { otherRowId: other.id }) }
}

function summarise(
  task: Task,
  candidates: number,
  kept: readonly Example[],
  decisions: readonly Decision[],
): CurationSummary {
  const removed = curationReasons.flatMap((reason) => {
    const rows = decisions.filter((decision) => decision.reason === reason).length
    return rows === 0 ? [] : [{ reason, rows, meaning: curationMeanings[reason] }]
  })
  const summary = {
    candidates,
    kept: kept.length,
    removed,
    leaks: decisions.flatMap(leakOf),
    balance: balanceOf(
      task,
      kept.map(({ output }) => output),
    ),
  }
  const removedLabels = decisions.filter(
    ({ entry, reason }) => entry.origin === 'labelled' && labelFaults.has(reason),
  )
  return { ...summary, warnings: warningsOf(summary, removedLabels.length) }
}

const labelFaults: ReadonlySet<CurationReason> = new Set(['invalid', 'not_quoted', 'conflict'])

function leakOf({ entry, reason, other, similarity }: Decision): CurationSummary['leaks'] {
  if (!reason.startsWith('leak_') || other === undefined || similarity === undefined) return []
  const text = entry.row.input.slice(0, 200)
  return [{ rowId: entry.row.id, evaluationRowId: other.id, reason, similarity, text }]
}
