/** Imported rows by what they are for. */
import { rowKey } from '../../core/row.ts'
import type { ImportedRow } from './imported-row.ts'

/** A row whose answer, if any, is one that the task's output allows. */
export interface PlannedRow extends ImportedRow {
  readonly key: string
}

export interface PlannedRows {
  readonly labelled: readonly PlannedRow[]
  /** What a model answered. */
  readonly answered: readonly PlannedRow[]
  /** Inputs without an answer. */
  readonly open: readonly PlannedRow[]
  readonly evaluation: readonly PlannedRow[]
}

/**
 * Whose answers stand in for a live teacher: those of models; without any, and with nothing open, the labels.
 * A recorded answer is found by its last message alone, so of two conversations that end alike one is taken.
 */
export function teacherRows({ answered, labelled, evaluation, open }: PlannedRows): readonly PlannedRow[] {
  const rows = answered.length > 0 ? answered : open.length > 0 ? [] : [...labelled, ...evaluation]
  return [...new Map(rows.map((row) => [rowKey(row.input), row])).values()]
}
