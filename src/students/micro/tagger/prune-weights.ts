/** Leaves out the weights that are too small to matter: nine in ten of them, and with them most of an answer's time. */
import type { WeightLayout } from './encode-rows.ts'

/** On held-out rows of two public tasks, answers were as good up to twice this. */
const smallest = 0.03

/** The weights that matter and the features that have any. */
export function pruneWeights(
  { hashes, offsets, pairTags }: WeightLayout,
  weights: Float32Array,
): WeightLayout & { readonly weights: Float32Array } {
  const counts = new Int32Array(hashes.length)
  const indices = new Int32Array(weights.length)
  let pairs = 0
  for (let feature = 0; feature < hashes.length; feature++) {
    for (let p = offsets[feature]; p < offsets[feature + 1]; p++) {
      if (Math.abs(weights[p]) < smallest) continue
      indices[pairs++] = p
      counts[feature]++
    }
  }
  const kept = indices.subarray(0, pairs)
  const keptCounts = counts.filter((count) => count > 0)
  const keptOffsets = new Int32Array(keptCounts.length + 1)
  keptCounts.forEach((count, feature) => (keptOffsets[feature + 1] = keptOffsets[feature] + count))
  return {
    hashes: hashes.filter((_, feature) => counts[feature] > 0),
    offsets: keptOffsets,
    pairTags: Uint8Array.from(kept, (p) => pairTags[p]),
    weights: Float32Array.from(kept, (p) => weights[p]),
  }
}
