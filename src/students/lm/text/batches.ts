/**
 * Packs sequences into micro-batches. Rows that begin alike are laid behind one copy of their beginning:
 *
 *     ids        prefix prefix | row 1  row 1 | row 2 row 2 row 2 | padding
 *     positions  0      1      | 2      3     | 2     3     4     | 0
 *     segments   0      0      | 1      1     | 2     2     2     | -1
 *
 * A token attends to the tokens up to itself of its own segment and of segment 0, which equals separate rows
 * and computes the beginning once. Rows that share nothing are packed with an empty prefix.
 */
import { createRandom } from '../../../core/random.ts'
import type { TrainingSequence } from '../types.ts'

/** T tokens, N of them predicted. */
export interface Pack {
  /** T; 0 where padded. */
  readonly ids: Int32Array
  /** T; place within the own row, for the rotary embedding. */
  readonly positions: Int32Array
  /** T; 0: shared by all rows, k: the k-th of `rows` counted from 1, -1: padding. */
  readonly segments: Int32Array
  /** N; index in [0, T) of the hidden state that predicts the label: of the token before it in its own row. */
  readonly targets: Int32Array
  /** N; ids. */
  readonly labels: Int32Array
  /** Which of the sequences given are in here, in order. */
  readonly rows: readonly number[]
}

export interface PackOptions {
  /** No pack has more tokens than this, padding apart. */
  readonly tokens: number
  /** T is a multiple of this, so that few shapes of session arise. */
  readonly multiple: number
  /** Decides which rows meet, and the order of the packs. */
  readonly seed: number
}

/** How many packs wait for a row that still fits. */
const openPacks = 8

/**
 * Every sequence is in exactly one pack; the same for the same seed. Throws for a sequence of more than
 * `tokens` (see `withinLength`) and for one whose shared beginning is trained.
 */
export function packSequences(sequences: readonly TrainingSequence[], options: PackOptions): readonly Pack[] {
  sequences.forEach((sequence, index) => checkPackable(sequence, index, options.tokens))
  const random = createRandom(options.seed)
  const packs = [...groupByPrefix(sequences).values()].flatMap((rows) =>
    fillPacks(sequences, random.shuffle(rows), options.tokens),
  )
  return random.shuffle(packs).map((rows) => layOut(sequences, rows, options.multiple))
}

function checkPackable(
  { ids, trained, sharedPrefix }: TrainingSequence,
  index: number,
  tokens: number,
): void {
  if (ids.length > tokens) {
    throw new Error(`packSequences: sequence ${index} has ${ids.length} tokens, a pack at most ${tokens}`)
  }
  const first = trained.indexOf(1)
  if (first >= 0 && first < Math.max(1, sharedPrefix)) {
    throw new Error(
      `packSequences: sequence ${index} trains token ${first} of its ${sharedPrefix} shared ones`,
    )
  }
}

/** Rows by the ids they share with others; an empty prefix is shared by all that have none. */
function groupByPrefix(sequences: readonly TrainingSequence[]): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  sequences.forEach(({ ids, sharedPrefix }, index) => {
    const key = ids.subarray(0, sharedPrefix).join(',')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [index])
    else group.push(index)
  })
  return groups
}

/** Each row goes to the first open pack with room; the oldest closes when there are too many. */
function fillPacks(
  sequences: readonly TrainingSequence[],
  rows: readonly number[],
  tokens: number,
): number[][] {
  const packs: number[][] = []
  let open: { readonly rows: number[]; length: number }[] = []
  for (const row of rows) {
    const { ids, sharedPrefix } = sequences[row]
    const rest = ids.length - sharedPrefix
    const found = open.find((pack) => pack.length + rest <= tokens)
    if (found !== undefined) {
      found.rows.push(row)
      found.length += rest
      continue
    }
    const pack = { rows: [row], length: ids.length }
    packs.push(pack.rows)
    open = [...open.slice(open.length < openPacks ? 0 : 1), pack]
  }
  return packs
}

function layOut(sequences: readonly TrainingSequence[], rows: readonly number[], multiple: number): Pack {
  const { ids: firstIds, sharedPrefix: prefix } = sequences[rows[0]]
  const used = rows.reduce((sum, row) => sum + sequences[row].ids.length - prefix, prefix)
  const length = Math.ceil(used / multiple) * multiple
  const ids = new Int32Array(length)
  const positions = new Int32Array(length)
  const segments = new Int32Array(length).fill(-1)
  const targets: number[] = []
  const labels: number[] = []
  ids.set(firstIds.subarray(0, prefix))
  for (let i = 0; i < prefix; i++) positions[i] = i
  segments.fill(0, 0, prefix)
  let at = prefix
  rows.forEach((row, index) => {
    const { ids: rowIds, trained } = sequences[row]
    ids.set(rowIds.subarray(prefix), at)
    for (let i = prefix; i < rowIds.length; i++) {
      positions[at + i - prefix] = i
      if (trained[i] !== 1) continue
      targets.push(i === prefix ? prefix - 1 : at + i - prefix - 1)
      labels.push(rowIds[i])
    }
    segments.fill(index + 1, at, at + rowIds.length - prefix)
    at += rowIds.length - prefix
  })
  return {
    ids,
    positions,
    segments,
    targets: Int32Array.from(targets),
    labels: Int32Array.from(labels),
    rows,
  }
}
