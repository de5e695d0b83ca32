/** Where a tensor lies in a file, whether such places are possible, and its values as F32. */
import type { ByteSource } from './byte-source.ts'
import { invalidFile } from './fault.ts'
import type { StoredType } from './stored-types.ts'

export interface StoredTensor {
  readonly name: string
  /** Row-major, the slowest dimension first. */
  readonly shape: readonly number[]
  readonly type: StoredType
  /** Of its first byte in the file. */
  readonly offset: number
  readonly byteLength: number
}

export const valueCount = (shape: readonly number[]): number => shape.reduce((count, size) => count * size, 1)

/** Throws MODEL_FILE_INVALID where a tensor ends beyond the file or shares bytes with another. */
export function checkPlaces(path: string, size: number, tensors: Iterable<StoredTensor>): void {
  const sorted = [...tensors].sort((a, b) => a.offset - b.offset)
  for (const [i, { name, offset, byteLength }] of sorted.entries()) {
    const end = offset + byteLength
    if (end > size) {
      throw invalidFile(path, `ends too early: ${name} reaches to byte ${end}, the file has ${size}`)
    }
    const next = sorted[i + 1]
    if (next !== undefined && next.offset < end) {
      throw invalidFile(path, `is damaged: ${name} and ${next.name} share bytes`)
    }
  }
}

/** So much is read at once: a tensor's bytes never lie in memory whole beside its values. */
const chunkBytes = 8 * 1024 * 1024

/** The values as F32, row-major. Throws MODEL_FILE_INVALID where bytes are missing. */
export async function readStoredTensor(source: ByteSource, tensor: StoredTensor): Promise<Float32Array> {
  const { type, offset, byteLength, name } = tensor
  const data = new Float32Array(valueCount(tensor.shape))
  const blocks = byteLength / type.bytes
  const step = Math.max(1, Math.floor(chunkBytes / type.bytes))
  for (let first = 0; first < blocks; first += step) {
    const count = Math.min(step, blocks - first)
    const bytes = await source.read(offset + first * type.bytes, count * type.bytes, name)
    type.decode(bytes, data.subarray(first * type.values, (first + count) * type.values), count)
  }
  return data
}
