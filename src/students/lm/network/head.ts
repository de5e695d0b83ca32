/** Runs the end of the model over the predicting tokens, some at a time, so that logits never take much memory. */
import { openSession, type Session } from '../../../engine/session.ts'
import type { BaseModel } from '../types.ts'
import { logitsGraph, lossGraph } from './head-graph.ts'
import type { MicroBatch } from './micro-batch.ts'

/** Sums over the predicted tokens of a batch. */
export interface BatchLoss {
  /** Nats. */
  readonly loss: number
  /** How many were the likeliest token. */
  readonly correct: number
  readonly count: number
}

export interface Head {
  /** `hidden` is (N, D); the gradient, too, is by all of it, of the sum of losses. */
  learn(
    hidden: Float32Array,
    batch: MicroBatch,
  ): Promise<{ readonly loss: BatchLoss; readonly gradient: Float32Array }>
  measure(hidden: Float32Array, batch: MicroBatch): Promise<BatchLoss>
  /** (N, V) */
  logits(hidden: Float32Array, N: number): Promise<Float32Array>
  close(): Promise<void>
}

/** Logits held at once: 2^25 floats are 128 MB. */
const mostLogits = 2 ** 25
const leastChunk = 16

/** Tokens of a chunk: the least power of two that takes all, within the memory for logits. */
export function chunkSize(vocabularySize: number, tokens: number): number {
  let size = leastChunk
  while (size < tokens && 2 * size * vocabularySize <= mostLogits) size *= 2
  return size
}

/** `embedding` is the projection too where the model ties them. */
export async function openHead(
  base: BaseModel,
  embedding: Float32Array,
  { threads }: { readonly threads?: number },
): Promise<Head> {
  const { architecture } = base
  const { hiddenSize: D, vocabularySize: V } = architecture
  const norm = (await base.tensor('model.norm.weight')).data
  const projection = architecture.tiedEmbeddings ? embedding : (await base.tensor('lm_head.weight')).data
  // One at a time: each keeps memory for its logits, and opening one takes little beside running it.
  let open: { readonly key: string; readonly session: Session } | null = null
  const sessionFor = async (kind: 'learn' | 'measure' | 'logits', M: number): Promise<Session> => {
    const key = `${kind} ${M}`
    if (open?.key === key) return open.session
    await open?.session.close()
    const graph =
      kind === 'logits' ? logitsGraph(architecture, M) : lossGraph(architecture, M, kind === 'learn')
    open = { key, session: await openSession(graph, { threads }) }
    return open.session
  }
  const run = async (kind: 'learn' | 'measure', hidden: Float32Array, batch: MicroBatch) => {
    const gradient = new Float32Array(kind === 'learn' ? hidden.length : 0)
    const loss = { loss: 0, correct: 0, count: batch.targets.length }
    const M = chunkSize(V, batch.targets.length)
    const session = batch.targets.length === 0 ? null : await sessionFor(kind, M)
    for (let start = 0; session !== null && start < batch.targets.length; start += M) {
      const targets = batch.targets.subarray(start, start + M)
      const labels = new Int32Array(M)
      labels.set(batch.labels.subarray(start, start + M))
      const outputs = await session.run({
        hidden: gatherRows(hidden, targets, M, D),
        norm,
        projection,
        labels,
      })
      addLoss(loss, outputs as unknown as Outputs, labels, targets.length)
      if (kind === 'learn') scatterRows(gradient, outputs.gradient as Float32Array, targets, D)
    }
    return { loss, gradient }
  }
  return {
    learn: (hidden, batch) => run('learn', hidden, batch),
    measure: async (hidden, batch) => (await run('measure', hidden, batch)).loss,
    async logits(hidden, N) {
      const all = new Float32Array(N * V)
      const M = chunkSize(V, N)
      const session = await sessionFor('logits', M)
      for (let start = 0; start < N; start += M) {
        const rows = new Float32Array(M * D)
        rows.set(hidden.subarray(start * D, Math.min(N, start + M) * D))
        const { logits } = await session.run({ hidden: rows, norm, projection })
        all.set(logits.subarray(0, Math.min(M, N - start) * V) as Float32Array, start * V)
      }
      return all
    },
    async close() {
      await open?.session.close()
    },
  }
}

interface Outputs {
  readonly label: Float32Array
  readonly highest: Float32Array
  readonly probability: Float32Array
  readonly best: BigInt64Array
}

/** The log of the sum of exponentials is the highest logit less the log of its probability: both are at hand. */
function addLoss(
  into: { loss: number; correct: number },
  { label, highest, probability, best }: Outputs,
  labels: Int32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    into.loss += highest[i] - Math.log(probability[i]) - label[i]
    if (Number(best[i]) === labels[i]) into.correct++
  }
}

function gatherRows(rows: Float32Array, indices: Int32Array, M: number, D: number): Float32Array {
  const gathered = new Float32Array(M * D)
  indices.forEach((index, i) => gathered.set(rows.subarray(index * D, (index + 1) * D), i * D))
  return gathered
}

/** Adds, for one token may predict several: the last of the shared ones, the first of each row. */
function scatterRows(into: Float32Array, rows: Float32Array, indices: Int32Array, D: number): void {
  indices.forEach((index, i) => {
    for (let d = 0; d < D; d++) into[index * D + d] += rows[i * D + d]
  })
}
