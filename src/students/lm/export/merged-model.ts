/** A base model with an adapter worked into its weights, tensor by tensor as they are asked for. */
import { PotstillError } from '../../../core/errors.ts'
import type { BaseModel, LinearName, LoraAdapter } from '../types.ts'
import { linearShapes } from '../weights/tensor-shapes.ts'
import type { ModelSource } from './gguf-model.ts'

/** The same model but for W + alpha / rank * B A in the place of each adapted W. Throws STUDENT_DAMAGED on a misfit. */
export function mergedModel(base: BaseModel, adapter: LoraAdapter): ModelSource {
  checkAdapter(base, adapter)
  return {
    name: base.name,
    path: base.path,
    architecture: base.architecture,
    tokenizer: base.tokenizer,
    async tensor(name) {
      const { shape, data } = await base.tensor(name)
      const pair = adapter.pairs.get(name.replace(/\.weight$/, ''))
      if (pair === undefined || !name.endsWith('.weight')) return { shape, data }
      return { shape, data: addProduct(data, pair, adapter.rank, adapter.alpha / adapter.rank) }
    },
  }
}

/** W + scale * B A, summed in double precision and rounded once. W is [out, in], B [out, rank], A [rank, in]. */
function addProduct(
  weights: Float32Array,
  { a, b }: { readonly a: Float32Array; readonly b: Float32Array },
  rank: number,
  scale: number,
): Float32Array {
  const columns = a.length / rank
  const merged = new Float32Array(weights.length)
  const row = new Float64Array(columns)
  for (let out = 0; out < b.length / rank; out++) {
    row.fill(0)
    for (let k = 0; k < rank; k++) {
      const factor = scale * b[out * rank + k]
      for (let i = 0; i < columns; i++) row[i] += factor * a[k * columns + i]
    }
    for (let i = 0; i < columns; i++) merged[out * columns + i] = weights[out * columns + i] + row[i]
  }
  return merged
}

/** Every pair must be of a map that the base has, in its shape. */
export function checkAdapter(base: BaseModel, { rank, pairs }: LoraAdapter): void {
  const shapes = linearShapes(base.architecture)
  for (const [name, { a, b }] of pairs) {
    const [, layer, linear] = /^model\.layers\.(\d+)\.(.+)$/.exec(name) ?? []
    const isThere = Number(layer) < base.architecture.layers && Object.hasOwn(shapes, linear)
    const [out, inner] = isThere ? shapes[linear as LinearName] : [0, 0]
    if (!isThere || a.length !== rank * inner || b.length !== out * rank) {
      const found = `${name} has ${a.length} and ${b.length} values at rank ${rank}`
      throw new PotstillError('STUDENT_DAMAGED', `the adapter does not fit ${base.name}: ${found}`)
    }
  }
}
