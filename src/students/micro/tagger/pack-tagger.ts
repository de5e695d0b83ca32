/** Writes a tagger's weights for a file; `unpackTagger` reads them. */
import type { Packed } from '../held-out.ts'
import type { TaggerModel } from '../runtime/tagger.js'

/**
 * Blocks, each padded to 8 bytes: transitions (float32), feature hashes (int32), how many weights each feature has
 * (uint16), the weights' tags (uint8), their values (float32, or int8 times `scale` when quantised).
 */
export function packTagger(model: TaggerModel, { quantised }: { readonly quantised: boolean }): Packed {
  const { hashes, offsets, pairTags, weights } = model
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)
  const scale = quantised ? largest / 127 : null
  const counts = Uint16Array.from(hashes, (_, feature) => offsets[feature + 1] - offsets[feature])
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
  return { header, bytes: joinBlocks([model.transitions, hashes, counts, pairTags, values]) }
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
