/** Which rows a part of the micro student (classifier, tagger) holds out for its choices; both parts hold out the same. */

export type HeldOut<PartRow> =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'rows'; readonly rows: readonly PartRow[] }
  /** `foldOf[i]` is the fold of training row i; rows of one group share a fold. */
  | { readonly kind: 'folds'; readonly count: number; readonly foldOf: Uint8Array }

export interface PartOptions {
  readonly seed: number
  /** Ends training soon; the best so far is kept. */
  readonly signal?: AbortSignal
  /** Cap on epochs; chosen by the part when absent. */
  readonly epochs?: number
}

/** A part's weights for a file: a JSON header and one block of bytes (8-byte aligned, little-endian). */
export interface Packed {
  readonly header: { readonly [key: string]: unknown }
  readonly bytes: Uint8Array
}
