/** Adds to curation's account the rows that the teacher was never asked about: each row has a fate. */
import type { CurationSummary, Fate } from '../core/curation.ts'
import { curationMeanings, type Curated } from '../steps/curate/curate.ts'
import type { SkippedRow } from './rows-to-ask.ts'

export function withUnasked(curated: Curated, skipped: readonly SkippedRow[]): Curated {
  if (skipped.length === 0) return curated
  const { kept, fates, summary } = curated
  return { kept, fates: [...fates, ...skipped.map(fateOf)], summary: addTo(summary, skipped) }
}

function fateOf({ row, reason, otherRowId }: SkippedRow): Fate {
  const detail = `the same input as ${otherRowId}; the teacher was not asked`
  return { rowId: row.id, rowKey: row.key, origin: 'teacher', kept: false, reason, detail, otherRowId }
}

function addTo(summary: CurationSummary, skipped: readonly SkippedRow[]): CurationSummary {
  const counts = new Map(summary.removed.map(({ reason, rows }) => [reason, rows]))
  for (const { reason } of skipped) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const leaks = skipped
    .filter(({ reason }) => reason === 'leak_exact')
    .map(({ row, reason, otherRowId }) => ({
      rowId: row.id,
      evaluationRowId: otherRowId,
      reason,
      similarity: 1,
      text: row.input.slice(0, 200),
    }))
  return {
    ...summary,
    candidates: summary.candidates + skipped.length,
    removed: [...counts].map(([reason, rows]) => ({ reason, rows, meaning: curationMeanings[reason] })),
    leaks: [...summary.leaks, ...leaks],
  }
}
