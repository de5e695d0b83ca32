/** F32 values as they are stored: whole, halved, or quantised in blocks. The reverse of weights/stored-types.ts. */

export interface Encoding {
  readonly name: 'F32' | 'F16' | 'BF16' | 'Q8_0'
  /** Values of a block, and its bytes. */
  readonly values: number
  readonly bytes: number
  /** `data` holds whole blocks. Gives a new array. */
  encode(data: Float32Array): Uint8Array
}

export const f32: Encoding = {
  name: 'F32',
  values: 1,
  bytes: 4,
  encode: (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
}

/** IEEE half precision, rounded to the nearest, ties to even; too large becomes infinite. */
export const f16: Encoding = {
  name: 'F16',
  values: 1,
  bytes: 2,
  encode(data) {
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
    return mapWords(bits, toHalfBits)
  },
}

/** The upper half of F32, rounded to the nearest, ties to even. */
export const bf16: Encoding = {
  name: 'BF16',
  values: 1,
  bytes: 2,
  encode(data) {
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
    return mapWords(bits, toUpperHalf)
  },
}

/** Blocks of 32: a half-precision scale, the largest magnitude / 127, and 32 whole numbers (ggml's reference). */
export const q8Zero: Encoding = {
  name: 'Q8_0',
  values: 32,
  bytes: 34,
  encode(data) {
    const blocks = data.length / 32
    const out = new Uint8Array(blocks * 34)
    const scales = new Float32Array(blocks)
    for (let block = 0; block < blocks; block++) {
      let largest = 0
      for (let i = 0; i < 32; i++) largest = Math.max(largest, Math.abs(data[block * 32 + i]))
      scales[block] = largest / 127
      const inverse = scales[block] === 0 ? 0 : Math.fround(1 / scales[block])
      for (let i = 0; i < 32; i++) {
        out[block * 34 + 2 + i] = roundAway(Math.fround(data[block * 32 + i] * inverse))
      }
    }
    const halves = f16.encode(scales)
    for (let block = 0; block < blocks; block++) {
      out.set(halves.subarray(block * 2, block * 2 + 2), block * 34)
    }
    return out
  },
}

/** Ties go away from zero, as C's roundf does. */
const roundAway = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5)

function mapWords(bits: Uint32Array, shorten: (bits: number) => number): Uint8Array {
  const words = new Uint16Array(bits.length)
  for (let i = 0; i < bits.length; i++) words[i] = shorten(bits[i])
  return new Uint8Array(words.buffer)
}

/** From the bits of an F32 to those of the nearest half. */
export function toHalfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  // From 65520 on, the nearest half is infinite.
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude >= 0x38800000) {
    const shifted = magnitude - 0x38000000
    return sign | ((shifted + 0xfff + ((shifted >>> 13) & 1)) >>> 13)
  }
  const exponent = magnitude >>> 23
  if (exponent < 102) return sign
  const fraction = (magnitude & 0x7fffff) | 0x800000
  const shift = 126 - exponent
  const kept = fraction >>> shift
  const rest = fraction & ((1 << shift) - 1)
  const tie = 1 << (shift - 1)
  return sign | (kept + (rest > tie || (rest === tie && (kept & 1) === 1) ? 1 : 0))
}

function toUpperHalf(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}
