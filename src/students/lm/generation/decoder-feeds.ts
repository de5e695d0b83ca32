/** The inputs of one run of the decoder's graph, besides weights: which token stands where, and who sees whom. */

/** What a row of the cache is taken on with. */
export interface RowInput {
  /** At least one. */
  readonly tokens: ArrayLike<number>
  /** How many tokens the row has already. */
  readonly past: number
}

/** B rows, N tokens in all, S the most of one row. */
export interface BatchShape {
  readonly rows: number
  readonly tokens: number
  readonly longest: number
}

export function batchShape(rows: readonly RowInput[]): BatchShape {
  let tokens = 0
  let longest = 0
  for (const row of rows) {
    tokens += row.tokens.length
    longest = Math.max(longest, row.tokens.length)
  }
  return { rows: rows.length, tokens, longest }
}

export interface Places {
  /** (B, S): which of the N tokens stands here; any where a row has ended. */
  readonly packed: BigInt64Array
  /** (N): where each token stands in (B, S). */
  readonly placed: BigInt64Array
  /** (B, S): the position within the row. */
  readonly positions: BigInt64Array
}

export function placesOf(rows: readonly RowInput[], { longest, tokens }: BatchShape): Places {
  const packed = new BigInt64Array(rows.length * longest)
  const positions = new BigInt64Array(rows.length * longest)
  const placed = new BigInt64Array(tokens)
  let token = 0
  for (const [index, row] of rows.entries()) {
    for (let i = 0; i < row.tokens.length; i++) {
      const place = index * longest + i
      packed[place] = BigInt(token)
      positions[place] = BigInt(row.past + i)
      placed[token++] = BigInt(place)
    }
  }
  return { packed, placed, positions }
}

/** So low that its share is 0 in F32, and finite, so that a row that sees nothing gives no NaN. */
const hidden = -1e30

/**
 * (B, 1, G * S, T + S): 0 where the query of a new token may look, which is at its row's past and at the new tokens
 * up to itself. Queries of one group lie group by group.
 */
export function maskOf(
  rows: readonly RowInput[],
  { longest: S }: BatchShape,
  places: number,
  groups: number,
): Float32Array {
  const width = places + S
  const mask = new Float32Array(rows.length * groups * S * width).fill(hidden)
  for (const [index, { past }] of rows.entries()) {
    for (let query = 0; query < groups * S; query++) {
      const start = (index * groups * S + query) * width
      mask.fill(0, start, start + past)
      mask.fill(0, start + places, start + places + (query % S) + 1)
    }
  }
  return mask
}
