/** Writes a tagger's weights for a file; `unpackTagger` reads them. */
import type { TaggerModel } from '../runtime/tagger.js'
import type { Packed } from '../held-out.ts'

/** Quantised, weights below this share of the largest are left out, and features without any with them. */
const prunedShare = 1 / 127

/**
 * Blocks, each padded to 8 bytes: transitions (float32), feature hashes (int32), weights of each feature (uint16
 * counts), their tags (uint8, uint16 above 256 tags), their values (float32; int8 times `scale` when quantised).
 */
export function packTagger(model: TaggerModel, { quantised }: { readonly quantised: boolean }): Packed {
  const largest = model.weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)
  const scale = quantised ? largest / 127 : null
  const { hashes, counts, pairTags, weights } = keepWeights(model, quantised ? largest * prunedShare : 0)
  const values = scale === null ? weights : Int8Array.from(weights, (weight) => Math.round(weight / scale))
  const header = {
    fields: model.fields,
    tags: model.tags,
    trims: model.trims,
    calibration: [...model.calibration],
    features: hashes.length,
    pairs: pairTags.length,
    scale,
  }
  const tagBytes = model.tags.length > 256 ? pairTags : Uint8Array.from(pairTags)
  return { header, bytes: joinBlocks([model.transitions, hashes, counts, tagBytes, values]) }
}

interface KeptWeights {
  readonly hashes: Int32Array
  readonly counts: Uint16Array
  readonly pairTags: Uint16Array
  readonly weights: Float32Array
}

/** The weights above a threshold. */
function keepWeights(model: TaggerModel, threshold: number): KeptWeights {
  const { hashes, offsets, pairTags, weights } = model
  const counts = new Uint16Array(hashes.length)
  const kept = new Int32Array(weights.length)
  let pairs = 0
  for (let feature = 0; feature < hashes.length; feature++) {
    for (let p = offsets[feature]; p < offsets[feature + 1]; p++) {
      if (Math.abs(weights[p]) <= threshold) continue
      kept[pairs++] = p
      counts[feature]++
    }
  }
  const indices = kept.subarray(0, pairs)
  return {
    hashes: hashes.filter((_, feature) => counts[feature] > 0),
    counts: counts.filter((count) => count > 0),
    pairTags: Uint16Array.from(indices, (p) => pairTags[p]),
    weights: Float32Array.from(indices, (p) => weights[p]),
  }
}

function joinBlocks(
  blocks: readonly (Float32Array | Int32Array | Uint16Array | Uint8Array | Int8Array)[],
): Uint8Array {
  const padded = (length: number): number => (length + 7) & ~7
  const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + padded(block.byteLength), 0))
  let at = 0
  for (const block of blocks) {
    bytes.set(new Uint8Array(block.buffer, block.byteOffset, block.byteLength), at)
    at += padded(block.byteLength)
  }
  return bytes
}
