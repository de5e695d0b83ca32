/**
 * Lays sequences out for the network: one copy of the beginning that all of them share, then the rest of each
 * row at one length, padded at its end:
 *
 *     shared shared | row 1 row 1 pad | row 2 row 2 row 2
 *
 * A row's tokens attend to the shared ones and to their own row, which equals separate rows and computes the
 * beginning once. Rows that share nothing have an empty beginning.
 */
import type { Random } from '../../../core/random.ts'
import type { MicroBatch } from '../network/micro-batch.ts'
import type { TrainingSequence } from '../types.ts'

export interface BatchLimits {
  /** Most tokens of a micro-batch, padding included; a row that is longer alone makes one of its own. */
  readonly tokens: number
  /** Lengths are rounded up to a multiple of this, so that few shapes of session arise. */
  readonly multiple: number
}

/** Below this a shared beginning is not worth the further sessions. */
const leastShared = 8

/** How many steps' rows are sorted by length together, so that rows that meet need little padding. */
const sortedSteps = 8

/** Length of the beginning that all sequences have in common and none of them is trained on, nor on the token after it. */
export function commonBeginning(sequences: readonly TrainingSequence[]): number {
  const [first] = sequences
  if (first === undefined || sequences.length === 1) return 0
  let length = first.sharedPrefix
  for (const { ids, trained, sharedPrefix } of sequences) {
    const firstTrained = trained.indexOf(1)
    length = Math.min(length, sharedPrefix, ids.length - 1)
    if (firstTrained >= 0) length = Math.min(length, firstTrained - 1)
    for (let i = 0; i < length; i++) if (ids[i] !== first.ids[i]) length = i
  }
  return length < leastShared ? 0 : length
}

/** The rows of each step of an epoch, by index: all rows once, in an order that `random` decides. */
export function orderSteps(
  sequences: readonly TrainingSequence[],
  batchSize: number,
  random: Random,
): readonly (readonly number[])[] {
  const rows = random.shuffle(sequences.map((_, index) => index))
  const steps: number[][] = []
  for (const window of cut(rows, sortedSteps * batchSize)) {
    window.sort((a, b) => sequences[b].ids.length - sequences[a].ids.length || a - b)
    steps.push(...cut(window, batchSize))
  }
  return random.shuffle(steps)
}

function cut(items: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  )
}

/** The rows given, the longest first, in as few micro-batches as the limits allow. */
export function microBatches(
  sequences: readonly TrainingSequence[],
  shared: number,
  { tokens, multiple }: BatchLimits,
): readonly MicroBatch[] {
  const left = [...sequences].sort((a, b) => b.ids.length - a.ids.length)
  const batches: MicroBatch[] = []
  while (left.length > 0) {
    const length = Math.max(1, Math.ceil((left[0].ids.length - shared) / multiple)) * multiple
    const rows = Math.max(1, Math.floor((tokens - shared) / length))
    batches.push(layOut(left.splice(0, rows), shared, length))
  }
  return batches
}

function layOut(sequences: readonly TrainingSequence[], shared: number, length: number): MicroBatch {
  const rows = sequences.length
  const ids = new Int32Array(shared + rows * length)
  const targets: number[] = []
  const labels: number[] = []
  ids.set(sequences[0].ids.subarray(0, shared))
  sequences.forEach((sequence, row) => {
    const start = shared + row * length
    ids.set(sequence.ids.subarray(shared), start)
    sequence.trained.forEach((trained, i) => {
      // The first token of all has none before it that could predict it.
      if (trained !== 1 || i === 0) return
      targets.push(start + i - shared - 1)
      labels.push(sequence.ids[i])
    })
  })
  return {
    shape: { shared, rows, length },
    ids,
    targets: Int32Array.from(targets),
    labels: Int32Array.from(labels),
    tokens: sequences.reduce((sum, sequence) => sum + sequence.ids.length - shared, shared),
  }
}
