/** Runs all layers forwards and backwards with two sessions a shape, and keeps between the two what memory allows. */
import type { Architecture } from '../types.ts'
import { pairNames, type AdapterLayout } from './adapter-layout.ts'
import { createLayerPrograms, type Arrays } from './layer-programs.ts'
import type { LayerWeights } from './layer-weights.ts'
import type { BatchShape } from './micro-batch.ts'

export interface Layers {
  /** `x` is (N, D) and so is the result. With `remember`, `backward` may follow. */
  forward(shape: BatchShape, x: Float32Array, remember: boolean, signal?: AbortSignal): Promise<Float32Array>
  /** `gradient` is that by the result of the last `forward`; adds those of the parameters to `into`. */
  backward(shape: BatchShape, gradient: Float32Array, into: Float32Array, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface LayersOptions {
  readonly threads?: number
  /** Keeps what the backward pass needs; else only each layer's input, and the layer is computed again. */
  readonly keepActivations: boolean
}

export function openLayers(
  architecture: Architecture,
  layout: AdapterLayout,
  parameters: Float32Array,
  weights: LayerWeights,
  options: LayersOptions,
): Layers {
  const { layers: count } = architecture
  const programs = createLayerPrograms(architecture, layout, options)
  const arenas: Float32Array[] = []
  const remembered: Arrays[] = []
  const gradientOfLayer = new Float32Array(layout.size / count)
  const gradientViews = pairViews(layout, gradientOfLayer, 0, 'd')
  return {
    async forward(shape, x, remember, signal) {
      const program = programs.get(shape)
      const sizes = { y: x.length, ...(remember ? program.keptSizes : {}) }
      const pass = await (remember ? program.forward() : program.measure())
      let current = x
      for (let layer = 0; layer < count; layer++) {
        signal?.throwIfAborted()
        // Without remembering two places are enough, for a layer's input and its output.
        const { y, ...kept } = takeViews(arenas, remember ? layer : layer % 2, sizes)
        await pass({ x: current, ...(await weights.effective(layer)) }, { y, ...kept })
        remembered[layer] = { x: current, ...kept }
        current = y
      }
      return current
    },
    async backward(shape, gradient, into, signal) {
      const pass = await programs.get(shape).backward()
      let dy = gradient
      let dx: Float32Array = new Float32Array(gradient.length)
      for (let layer = count - 1; layer >= 0; layer--) {
        signal?.throwIfAborted()
        const pairs = pairViews(layout, parameters, layer, '')
        const inputs = { dy, ...remembered[layer], ...(await weights.effective(layer)), ...pairs }
        await pass(inputs, { dx, ...gradientViews })
        const start = layer * gradientOfLayer.length
        for (let i = 0; i < gradientOfLayer.length; i++) into[start + i] += gradientOfLayer[i]
        ;[dy, dx] = [dx, dy]
      }
    },
    close: () => programs.close(),
  }
}

function pairViews(layout: AdapterLayout, flat: Float32Array, layer: number, prefix: string): Arrays {
  const views: Record<string, Float32Array> = {}
  for (const name of layout.targets) {
    const names = pairNames(name)
    const { a, b } = layout.pair(flat, layer, name)
    views[`${prefix}${names.a}`] = a
    views[`${prefix}${names.b}`] = b
  }
  return views
}

/** Arrays one behind the other in an arena that grows to the largest need there was. */
function takeViews<Name extends string>(
  arenas: Float32Array[],
  index: number,
  sizes: Readonly<Record<Name, number>>,
): Record<Name, Float32Array> {
  const total = Object.values<number>(sizes).reduce((sum, size) => sum + size, 0)
  if ((arenas[index]?.length ?? 0) < total) arenas[index] = new Float32Array(total)
  const views = {} as Record<Name, Float32Array>
  let at = 0
  for (const name of Object.keys(sizes) as Name[]) {
    views[name] = arenas[index].subarray(at, at + sizes[name])
    at += sizes[name]
  }
  return views
}
