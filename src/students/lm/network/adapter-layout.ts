/** Where the low-rank pairs of an adapter lie in one flat array, and how they begin. */
import type { Random } from '../../../core/random.ts'
import type { Architecture, LinearName, LoraAdapter } from '../types.ts'
import { linearShapes } from '../weights/tensor-shapes.ts'

/** y = W x + (alpha / rank) B (A x) for each of the targets of every layer. */
export interface AdapterShape {
  readonly rank: number
  readonly alpha: number
  readonly targets: readonly LinearName[]
}

export interface AdapterLayout extends AdapterShape {
  /** Values in all. */
  readonly size: number
  /** Views into an array of `size` values: A is [rank, in], B is [out, rank]. */
  pair(
    flat: Float32Array,
    layer: number,
    name: LinearName,
  ): { readonly a: Float32Array; readonly b: Float32Array }
}

export function adapterLayout(architecture: Architecture, shape: AdapterShape): AdapterLayout {
  const { rank, targets } = shape
  const shapes = linearShapes(architecture)
  const starts = new Map<LinearName, number>()
  let layerSize = 0
  for (const name of targets) {
    starts.set(name, layerSize)
    layerSize += rank * (shapes[name][0] + shapes[name][1])
  }
  return {
    ...shape,
    size: layerSize * architecture.layers,
    pair(flat, layer, name) {
      const [out, inner] = shapes[name]
      const start = layer * layerSize + (starts.get(name) ?? 0)
      const middle = start + rank * inner
      return { a: flat.subarray(start, middle), b: flat.subarray(middle, middle + out * rank) }
    },
  }
}

/** What a map's pair is called among the inputs of a graph. */
export function pairNames(name: LinearName): { readonly a: string; readonly b: string } {
  return { a: `${name}.a`, b: `${name}.b` }
}

/** A uniform in +-1 / sqrt(in) (Kaiming with slope sqrt(5), as LoRA's authors have it), B nothing: no change at first. */
export function initialParameters(
  architecture: Architecture,
  layout: AdapterLayout,
  random: Random,
): Float32Array {
  const flat = new Float32Array(layout.size)
  const shapes = linearShapes(architecture)
  for (let layer = 0; layer < architecture.layers; layer++) {
    for (const name of layout.targets) {
      const bound = 1 / Math.sqrt(shapes[name][1])
      const { a } = layout.pair(flat, layer, name)
      for (let i = 0; i < a.length; i++) a[i] = bound * (2 * random.next() - 1)
    }
  }
  return flat
}

/** Copies, by the names of Hugging Face. */
export function toAdapter(
  architecture: Architecture,
  layout: AdapterLayout,
  flat: Float32Array,
): LoraAdapter {
  const pairs = new Map<string, { readonly a: Float32Array; readonly b: Float32Array }>()
  for (let layer = 0; layer < architecture.layers; layer++) {
    for (const name of layout.targets) {
      const { a, b } = layout.pair(flat, layer, name)
      pairs.set(`model.layers.${layer}.${name}`, { a: a.slice(), b: b.slice() })
    }
  }
  const { rank, alpha, targets } = layout
  return { rank, alpha, targets, pairs }
}
