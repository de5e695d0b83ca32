/** Matrices as 8-bit numbers in blocks that share a scale, as `matmulNBits` takes them. */
import { blockSize } from './shape-rules.ts'

export interface QuantisedMatrix {
  /** (out,in/32,32): each number plus 128; where `in` does not fill the last block, it ends with zeros. */
  readonly packed: Uint8Array
  /** (out,in/32): the largest magnitude of a block / 127. */
  readonly scales: Float32Array
  /** in/32, rounded up. */
  readonly blocks: number
}

/** `w` is (out,in), row-major. Each number is off by at most half its block's scale. */
export function quantise8(w: Float32Array, out: number, inner: number): QuantisedMatrix {
  if (w.length !== out * inner) {
    throw new Error(`quantise8: (${out},${inner}) has ${out * inner} elements, got ${w.length}`)
  }
  const blocks = Math.ceil(inner / blockSize)
  const packed = new Uint8Array(out * blocks * blockSize).fill(128)
  const scales = new Float32Array(out * blocks)
  for (let block = 0; block < scales.length; block++) {
    const row = Math.floor(block / blocks)
    const start = row * inner + (block % blocks) * blockSize
    const end = Math.min(start + blockSize, (row + 1) * inner)
    let largest = 0
    for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(w[i]))
    // Scales that float32 holds with few digits would make more than 127 of a number; nothing is lost at zero.
    scales[block] = largest < 1e-30 ? 0 : largest / 127
    const inverse = scales[block] === 0 ? 0 : 1 / scales[block]
    const offset = block * blockSize - start
    for (let i = start; i < end; i++) packed[offset + i] = Math.round(w[i] * inverse) + 128
  }
  return { packed, scales, blocks }
}
