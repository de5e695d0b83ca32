/** Which unlabelled rows the teacher is asked: none that is there already or held out, so that no answer is bought in vain. */
import type { CurationReason } from '../core/curation.ts'
import type { Row } from '../core/row.ts'
import type { Session } from './session.ts'

export interface SkippedRow {
  readonly row: Row
  readonly reason: Extract<CurationReason, 'duplicate' | 'leak_exact'>
  readonly otherRowId: string
}

export interface RowsToAsk {
  readonly ask: readonly Row[]
  readonly skipped: readonly SkippedRow[]
}

/** The first `generate.count` rows whose input is neither an evaluation row's, nor a labelled one's, nor an earlier one's. */
export function rowsToAsk({ rows, config }: Pick<Session, 'rows' | 'config'>): RowsToAsk {
  const held = new Map(rows.evaluation.map((row) => [row.key, row.id]))
  const known = new Map(rows.labelled.map((row) => [row.key, row.id]))
  const ask: Row[] = []
  const skipped: SkippedRow[] = []
  for (const row of rows.unlabelled) {
    const leak = held.get(row.key)
    const twin = known.get(row.key)
    if (leak !== undefined) skipped.push({ row, reason: 'leak_exact', otherRowId: leak })
    else if (twin !== undefined) skipped.push({ row, reason: 'duplicate', otherRowId: twin })
    else if (ask.length < (config.generate.count ?? Infinity)) {
      known.set(row.key, row.id)
      ask.push(row)
    }
  }
  return { ask, skipped }
}
