/** Runs the network on new tokens of several rows at once, and keeps their keys and values for what follows. */
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { executionOptions, loadRuntime } from '../../../engine/session.ts'
import { encodeOnnx } from '../../../engine/onnx-model.ts'
import type { ModelSource } from '../export/gguf-model.ts'
import type { Architecture } from '../types.ts'
import { batchShape, maskOf, placesOf, type RowInput } from './decoder-feeds.ts'
import { buildDecoder, keyValueNames } from './decoder-graph.ts'
import { copyRow, type Matrix, type WeightType } from './graph-builder.ts'
import { createKeyValueCache, type KeyValueCache } from './key-value-cache.ts'

export interface Decoder {
  readonly architecture: Architecture
  readonly cache: KeyValueCache
  /** Positions that there are. */
  readonly contextTokens: number
  /**
   * Takes the cache's rows from `first` on, as many as there are inputs, on by their tokens; the cache must have
   * places for them. Gives the log-probabilities (R, V) of what follows each of the `wanted` tokens, at least one;
   * they are counted through all rows' tokens one after another.
   */
  run(first: number, rows: readonly RowInput[], wanted: readonly number[]): Promise<Float32Array>
  close(): Promise<void>
}

export interface DecoderOptions {
  readonly weights: WeightType
  readonly rows: number
  readonly contextTokens: number
  readonly threads: number
}

/** Larger weights are read where they are instead of being copied into the model. */
const inlineBytes = 1024

/** Throws ENGINE_MISSING where onnxruntime-node is not installed. */
export async function openDecoder(source: ModelSource, options: DecoderOptions): Promise<Decoder> {
  const { architecture } = source
  const runtime = await loadRuntime()
  const { model, embedding } = await buildDecoder(source, options.weights, options.contextTokens)
  const { bytes, externalData } = encodeOnnx(model, inlineBytes)
  const session = await runtime.InferenceSession.create(bytes, {
    externalData,
    ...executionOptions(options.threads),
  })
  const cache = createKeyValueCache(architecture, options.rows)
  const feedsOf = createFeeds(runtime.Tensor, architecture, embedding, cache)
  return {
    architecture,
    cache,
    contextTokens: options.contextTokens,
    async run(first, rows, wanted) {
      const outputs = await session.run(feedsOf(first, rows, wanted))
      keep(cache, architecture.layers, first, rows, outputs)
      return outputs.logProbabilities.data as Float32Array
    },
    async close() {
      await session.release()
      // The session reads weights in place, so they must not be collected before it is gone.
      void externalData
    },
  }
}

type TensorConstructor = Awaited<ReturnType<typeof loadRuntime>>['Tensor']

function createFeeds(
  NewTensor: TensorConstructor,
  architecture: Architecture,
  embedding: Matrix,
  cache: KeyValueCache,
): (first: number, rows: readonly RowInput[], wanted: readonly number[]) => Record<string, Tensor> {
  const { hiddenSize: D, heads, keyValueHeads: K, headSize, layers } = architecture
  const groups = heads / K
  return (first, rows, wanted) => {
    const shape = batchShape(rows)
    const { tokens: N, longest: S } = shape
    const B = rows.length
    // Rows that begin have no past to look at.
    const T = rows.every(({ past }) => past === 0) ? 0 : cache.places
    const { packed, placed, positions } = placesOf(rows, shape)
    const mask = maskOf(rows, shape, T, groups)
    const feeds: Record<string, Tensor> = {
      embedded: new NewTensor('float32', embed(embedding, D, rows, N), [N, D]),
      packed: new NewTensor('int64', packed, [B, S]),
      placed: new NewTensor('int64', placed, [N]),
      positions: new NewTensor('int64', positions, [B, S]),
      mask: new NewTensor('float32', mask, [B, 1, groups * S, T + S]),
      parts: new NewTensor('int64', BigInt64Array.of(BigInt(T), BigInt(S)), [2]),
      wanted: new NewTensor('int64', BigInt64Array.from(wanted, BigInt), [wanted.length]),
    }
    for (let layer = 0; layer < layers; layer++) {
      const { pastKey, pastValue } = keyValueNames(layer)
      const { key, value } = T === 0 ? empty : cache.view(layer, first, B)
      feeds[pastKey] = new NewTensor('float32', key, [B, K, T, headSize])
      feeds[pastValue] = new NewTensor('float32', value, [B, K, T, headSize])
    }
    return feeds
  }
}

const empty = { key: new Float32Array(0), value: new Float32Array(0) }

/** (N, D) */
function embed(embedding: Matrix, D: number, rows: readonly RowInput[], N: number): Float32Array {
  const embedded = new Float32Array(N * D)
  let at = 0
  for (const { tokens } of rows) {
    for (let i = 0; i < tokens.length; i++, at += D) {
      copyRow(embedding, tokens[i], embedded, at)
    }
  }
  return embedded
}

function keep(
  cache: KeyValueCache,
  layers: number,
  first: number,
  rows: readonly RowInput[],
  outputs: InferenceSession.OnnxValueMapType,
): void {
  for (let layer = 0; layer < layers; layer++) {
    const { newKey, newValue } = keyValueNames(layer)
    const fresh = {
      key: outputs[newKey].data as Float32Array,
      value: outputs[newValue].data as Float32Array,
      tokens: outputs[newKey].dims[2],
    }
    for (const [index, { past, tokens }] of rows.entries()) {
      cache.append(layer, first + index, past, tokens.length, fresh, index)
    }
  }
}
