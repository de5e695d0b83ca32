/** The weights of the layers: the base's, and for the adapted maps the base's with the adapter merged in. */
import { createGraph, type Graph } from '../../../engine/graph.ts'
import { linear, scale, transpose } from '../../../engine/operations.ts'
import { openSession, type Session } from '../../../engine/session.ts'
import type { Architecture, BaseModel } from '../types.ts'
import { linearShapes } from '../weights/tensor-shapes.ts'
import { pairNames, type AdapterLayout } from './adapter-layout.ts'

export interface LayerWeights {
  /** Of one layer by their names within it, W + (alpha / rank) B A for adapted maps; valid until the next call. */
  effective(layer: number): Promise<Readonly<Record<string, Float32Array>>>
  /** Says that the parameters have changed. */
  changed(): void
  close(): Promise<void>
}

export interface LayerWeightsOptions {
  readonly threads?: number
  /** Keeps the merged weights of all layers, which doubles their memory, instead of merging at each use. */
  readonly keepMerged: boolean
}

/** Reads all layers' weights. `parameters` is read at each merging: it may change in place. */
export async function openLayerWeights(
  base: BaseModel,
  layout: AdapterLayout,
  parameters: Float32Array,
  { threads, keepMerged }: LayerWeightsOptions,
): Promise<LayerWeights> {
  const { architecture } = base
  const layers = await readLayers(base)
  const session = await openSession(mergeGraph(architecture, layout), { threads })
  const buffers = Array.from({ length: keepMerged ? layers.length : 1 }, () =>
    mergedBuffers(architecture, layout),
  )
  const isMerged = new Uint8Array(layers.length)
  return {
    async effective(layer) {
      const merged = buffers[keepMerged ? layer : 0]
      if (isMerged[layer] === 0) {
        await mergeLayer(session, layers[layer], layout, parameters, layer, merged)
        if (!keepMerged) isMerged.fill(0)
        isMerged[layer] = 1
      }
      return { ...layers[layer], ...merged }
    },
    changed: () => void isMerged.fill(0),
    close: () => session.close(),
  }
}

type Tensors = Readonly<Record<string, Float32Array>>

async function readLayers(base: BaseModel): Promise<Tensors[]> {
  const { layers: count } = base.architecture
  const layers: Record<string, Float32Array>[] = Array.from({ length: count }, () => ({}))
  for (const full of base.tensorNames) {
    const found = /^model\.layers\.(\d+)\.(.*)$/.exec(full)
    if (found !== null) layers[Number(found[1])][found[2]] = (await base.tensor(full)).data
  }
  return layers
}

function mergedBuffers(architecture: Architecture, { targets }: AdapterLayout): Tensors {
  const shapes = linearShapes(architecture)
  return Object.fromEntries(
    targets.map((name) => [`${name}.weight`, new Float32Array(shapes[name][0] * shapes[name][1])]),
  )
}

function mergeGraph(architecture: Architecture, { rank, alpha, targets }: AdapterLayout): Graph {
  const g = createGraph()
  const shapes = linearShapes(architecture)
  for (const name of targets) {
    const [out, inner] = shapes[name]
    const names = pairNames(name)
    const a = g.input(names.a, [rank, inner])
    const b = g.input(names.b, [out, rank])
    const weight = g.input(`base.${name}.weight`, [out, inner])
    g.output(`${name}.weight`, linear(g, scale(g, b, alpha / rank), transpose(g, a, [1, 0]), weight))
  }
  return g
}

async function mergeLayer(
  session: Session,
  weights: Tensors,
  layout: AdapterLayout,
  parameters: Float32Array,
  layer: number,
  merged: Tensors,
): Promise<void> {
  const inputs: Record<string, Float32Array> = {}
  for (const name of layout.targets) {
    const names = pairNames(name)
    const { a, b } = layout.pair(parameters, layer, name)
    inputs[names.a] = a
    inputs[names.b] = b
    inputs[`base.${name}.weight`] = weights[`${name}.weight`]
  }
  await session.run(inputs, merged)
}
