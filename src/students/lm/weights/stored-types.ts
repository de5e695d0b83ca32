/** How weights are stored, value by value or in quantised blocks, and what they are as F32. */

/**
 * Values are stored in blocks of `values`, each `bytes` long. `decode` turns `blocks` of them into F32, bit for bit
 * as ggml's reference does (ggml-quants.c); out must hold blocks * values.
 */
export interface StoredType {
  readonly name: string
  readonly values: number
  readonly bytes: number
  decode(bytes: Uint8Array, out: Float32Array, blocks: number): void
}

let halves: Float32Array | undefined

/** All 65,536 half-precision numbers as F32: a table is several times faster than taking each apart. */
export function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65_536 }, (_, bits) => halfToNumber(bits))
  return halves
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const word = (bytes: Uint8Array, at: number): number => bytes[at] | (bytes[at + 1] << 8)

const f32: StoredType = {
  name: 'F32',
  values: 1,
  bytes: 4,
  decode(bytes, out, blocks) {
    new Uint8Array(out.buffer, out.byteOffset, blocks * 4).set(bytes.subarray(0, blocks * 4))
  },
}

const f16: StoredType = {
  name: 'F16',
  values: 1,
  bytes: 2,
  decode(bytes, out, blocks) {
    const half = halfTable()
    for (let i = 0; i < blocks; i++) out[i] = half[word(bytes, 2 * i)]
  },
}

const bf16: StoredType = {
  name: 'BF16',
  values: 1,
  bytes: 2,
  decode(bytes, out, blocks) {
    const bits = new Uint32Array(out.buffer, out.byteOffset, blocks)
    for (let i = 0; i < blocks; i++) bits[i] = word(bytes, 2 * i) << 16
  },
}

const q8Zero: StoredType = {
  name: 'Q8_0',
  values: 32,
  bytes: 34,
  decode(bytes, out, blocks) {
    const half = halfTable()
    for (let block = 0; block < blocks; block++) {
      const at = block * 34
      const scale = half[word(bytes, at)]
      for (let i = 0; i < 32; i++) out[block * 32 + i] = scale * signed(bytes[at + 2 + i])
    }
  },
}

const q4Zero: StoredType = {
  name: 'Q4_0',
  values: 32,
  bytes: 18,
  decode(bytes, out, blocks) {
    const half = halfTable()
    for (let block = 0; block < blocks; block++) {
      const at = block * 18
      const scale = half[word(bytes, at)]
      for (let i = 0; i < 16; i++) {
        const pair = bytes[at + 2 + i]
        out[block * 32 + i] = scale * ((pair & 15) - 8)
        out[block * 32 + 16 + i] = scale * ((pair >> 4) - 8)
      }
    }
  },
}

const q4One: StoredType = {
  name: 'Q4_1',
  values: 32,
  bytes: 20,
  decode(bytes, out, blocks) {
    const half = halfTable()
    for (let block = 0; block < blocks; block++) {
      const at = block * 20
      const scale = half[word(bytes, at)]
      const least = half[word(bytes, at + 2)]
      for (let i = 0; i < 16; i++) {
        const pair = bytes[at + 4 + i]
        out[block * 32 + i] = scale * (pair & 15) + least
        out[block * 32 + 16 + i] = scale * (pair >> 4) + least
      }
    }
  },
}

/** Low 4 bits of 256 values, their high 2 bits, 16 scales of 8 bits, one scale over all. */
const q6K: StoredType = {
  name: 'Q6_K',
  values: 256,
  bytes: 210,
  decode(bytes, out, blocks) {
    const half = halfTable()
    for (let block = 0; block < blocks; block++) {
      const at = block * 210
      const scale = half[word(bytes, at + 208)]
      for (let i = 0; i < 256; i++) {
        const part = i >> 7
        const quarter = (i >> 5) & 3
        const lane = i & 31
        const low = (bytes[at + part * 64 + (quarter & 1) * 32 + lane] >> (quarter < 2 ? 0 : 4)) & 15
        const high = (bytes[at + 128 + part * 32 + lane] >> (2 * quarter)) & 3
        const fine = Math.fround(scale * signed(bytes[at + 192 + (i >> 4)]))
        out[block * 256 + i] = fine * ((low | (high << 4)) - 32)
      }
    }
  },
}

const signed = (byte: number): number => (byte << 24) >> 24

/** By the number that GGUF gives them. */
export const ggufTypes: ReadonlyMap<number, StoredType> = new Map([
  [0, f32],
  [1, f16],
  [2, q4Zero],
  [3, q4One],
  [8, q8Zero],
  [14, q6K],
  [30, bf16],
])

/** By the name that safetensors gives them. */
export const safetensorsTypes: ReadonlyMap<string, StoredType> = new Map(
  [f32, f16, bf16].map((type) => [type.name, type]),
)

/** Names of GGUF's other types, so that a refusal can say what was found. */
const unreadGgufTypes: Readonly<Record<number, string>> = {
  6: 'Q5_0',
  7: 'Q5_1',
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  12: 'Q4_K',
  13: 'Q5_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
}

export function ggufTypeName(id: number): string {
  return ggufTypes.get(id)?.name ?? unreadGgufTypes[id] ?? `number ${id}`
}
