/** How much memory a network takes, worked out before it is opened. */
import { sizeOf } from '../../../engine/graph.ts'
import type { Architecture } from '../types.ts'
import { linearShapes } from '../weights/tensor-shapes.ts'
import type { AdapterLayout } from './adapter-layout.ts'
import { chunkSize } from './head.ts'
import { layerGraph } from './layer-graph.ts'
import { tokenCount, type BatchShape } from './micro-batch.ts'

export interface MemoryChoices {
  readonly keepMerged: boolean
  readonly keepActivations: boolean
}

/** Bytes, by what they are for. */
export interface MemoryEstimate {
  /** Of the base model, and those with the adapter merged in. */
  readonly weights: number
  /** What the forward pass keeps for the backward pass, and what a layer works with. */
  readonly activations: number
  readonly logits: number
  /** The adapter, its gradients and what the optimiser keeps of them. */
  readonly adapter: number
  /** The process and the runtime as they start. */
  readonly runtime: number
  readonly total: number
}

const floatBytes = 4

/** Measured: Node with the runtime loaded, and what it keeps for the few shapes whose sessions stay open. */
const runtimeBytes = 450e6

/** Parameters, best parameters, gradients, both moments, and one copy under way. */
const adapterArrays = 6

/** Of a training on batches of this shape at most, of which `predicted` tokens are predicted. */
export function estimateMemory(
  architecture: Architecture,
  layout: AdapterLayout,
  shape: BatchShape,
  predicted: number,
  { keepMerged, keepActivations }: MemoryChoices,
): MemoryEstimate {
  const { vocabularySize: V, hiddenSize: D, layers, tiedEmbeddings } = architecture
  const linears = Object.values(linearShapes(architecture)).reduce((sum, size) => sum + sizeOf(size), 0)
  const weights = V * D * (tiedEmbeddings ? 1 : 2) + linears * (layers + (keepMerged ? layers : 1))
  const N = tokenCount(shape)
  const kept = [...layerGraph(architecture, shape).kept.values()].reduce((sum, v) => sum + sizeOf(v.shape), 0)
  // A session works with about as much as three layers keep: its own results, and gradients of them.
  const activations = layers * (N * D + (keepActivations ? kept : 0)) + 3 * (kept + N * D)
  // The logits and their probabilities.
  const logits = 2 * chunkSize(V, predicted) * V
  const adapter = adapterArrays * layout.size
  const bytes = {
    weights: floatBytes * weights,
    activations: floatBytes * activations,
    logits: floatBytes * logits,
    adapter: floatBytes * adapter,
    runtime: runtimeBytes,
  }
  return { ...bytes, total: Object.values(bytes).reduce((sum, part) => sum + part, 0) }
}
