/** What curation decides about each candidate row, and the sums of it. */
import type { MaskKind } from './masking.ts'

export type CurationReason =
  | 'failed'
  | 'refused'
  | 'invalid'
  | 'not_quoted'
  | 'duplicate'
  | 'near_duplicate'
  | 'conflict'
  | 'leak_exact'
  | 'leak_near'
  | 'leak_substring'
  | 'over_class_limit'

export interface Fate {
  readonly rowId: string
  readonly rowKey: string
  readonly origin: 'labelled' | 'teacher'
  readonly kept: boolean
  /** Why it was removed; absent when kept. */
  readonly reason?: CurationReason
  /** What exactly: the fault, the other row, the similarity. */
  readonly detail?: string
  /** The row that this one duplicates or would leak. */
  readonly otherRowId?: string
}

export interface ClassShare {
  readonly path: string
  /** Value as JSON text, most frequent first. */
  readonly values: readonly { readonly value: string; readonly rows: number }[]
}

export interface CurationSummary {
  readonly candidates: number
  readonly kept: number
  readonly removed: readonly {
    readonly reason: CurationReason
    readonly rows: number
    readonly meaning: string
  }[]
  /** Training rows found in or near the evaluation rows, each with the row it came too near to. */
  readonly leaks: readonly {
    readonly rowId: string
    readonly evaluationRowId: string
    readonly reason: CurationReason
    readonly similarity: number
    readonly text: string
  }[]
  readonly balance: readonly ClassShare[]
  /** Values in the kept rows that placeholders stand for now, by kind; only kinds that were asked for. */
  readonly masked?: Readonly<Partial<Record<MaskKind, number>>>
  readonly warnings: readonly string[]
}
