/**
 * The model run forwards and backwards, layer by layer: one graph for all layers, each with its own weights as
 * inputs. Nothing of it knows of epochs or of text.
 */
import type { BaseModel } from '../types.ts'
import type { AdapterLayout } from './adapter-layout.ts'
import { openHead, type BatchLoss } from './head.ts'
import { openLayerWeights } from './layer-weights.ts'
import { openLayers } from './layers.ts'
import { tokenCount, type MicroBatch } from './micro-batch.ts'

export interface Network {
  /** Runs the batch and adds the gradients of the sum of its losses, laid out as the parameters, to `gradients`. */
  learn(batch: MicroBatch, gradients: Float32Array, signal?: AbortSignal): Promise<BatchLoss>
  /** Runs the batch forwards only. */
  measure(batch: MicroBatch, signal?: AbortSignal): Promise<BatchLoss>
  /** (N, V): of every token of the batch. For short texts: all of it is held at once. */
  logits(batch: Pick<MicroBatch, 'shape' | 'ids'>): Promise<Float32Array>
  /** Says that the parameters have changed. */
  parametersChanged(): void
  close(): Promise<void>
}

export interface NetworkOptions {
  readonly threads?: number
  /** See `LayerWeightsOptions`. */
  readonly keepMerged: boolean
  /** Keeps what the backward pass needs instead of computing the layer again. */
  readonly keepActivations: boolean
}

/** `parameters` are the adapter's, read in place; their gradients are the only ones there are. */
export async function openNetwork(
  base: BaseModel,
  layout: AdapterLayout,
  parameters: Float32Array,
  options: NetworkOptions,
): Promise<Network> {
  const { hiddenSize: D } = base.architecture
  const embedding = (await base.tensor('model.embed_tokens.weight')).data
  const weights = await openLayerWeights(base, layout, parameters, options)
  const layers = openLayers(base.architecture, layout, parameters, weights, options)
  const head = await openHead(base, embedding, options)
  const embed = (ids: Int32Array): Float32Array => {
    const rows = new Float32Array(ids.length * D)
    ids.forEach((id, i) => rows.set(embedding.subarray(id * D, (id + 1) * D), i * D))
    return rows
  }
  return {
    async learn(batch, gradients, signal) {
      const hidden = await layers.forward(batch.shape, embed(batch.ids), true, signal)
      const { loss, gradient } = await head.learn(hidden, batch)
      await layers.backward(batch.shape, gradient, gradients, signal)
      return loss
    },
    async measure(batch, signal) {
      return head.measure(await layers.forward(batch.shape, embed(batch.ids), false, signal), batch)
    },
    async logits({ shape, ids }) {
      return head.logits(await layers.forward(shape, embed(ids), false), tokenCount(shape))
    },
    parametersChanged: () => weights.changed(),
    async close() {
      await Promise.all([weights.close(), layers.close(), head.close()])
    },
  }
}
