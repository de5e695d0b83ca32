/** What the network is run on: how the tokens of a batch lie, and which of them predict what. */

/** A beginning that all rows share, then the rows at one length: N = shared + rows * length tokens. */
export interface BatchShape {
  /** P: tokens that every row attends to; 0 where rows share none. */
  readonly shared: number
  /** B */
  readonly rows: number
  /** L: tokens of a row, the shared ones not counted. */
  readonly length: number
}

export interface MicroBatch {
  readonly shape: BatchShape
  /** N; 0 where padded. Padding lies at the ends of rows, where no other token attends to it. */
  readonly ids: Int32Array
  /** M; index in [0, N) of the token whose hidden state predicts the label. */
  readonly targets: Int32Array
  /** M; ids. */
  readonly labels: Int32Array
  /** Tokens without padding. */
  readonly tokens: number
}

/** N */
export function tokenCount({ shared, rows, length }: BatchShape): number {
  return shared + rows * length
}
