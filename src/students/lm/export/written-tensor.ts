/** A tensor that a file will hold; its values are asked for when their turn comes, and not kept. */
import type { Encoding } from './encode-values.ts'

export interface WrittenTensor {
  readonly name: string
  /** Row-major, the slowest dimension first. */
  readonly shape: readonly number[]
  readonly encoding: Encoding
  readonly read: () => Promise<Float32Array>
}

export function encodedBytes({ shape, encoding }: WrittenTensor): number {
  return (shape.reduce((count, size) => count * size, 1) / encoding.values) * encoding.bytes
}

/** So many values are encoded at once. A multiple of every block. */
const pieceValues = 1024 * 1024

export async function* encodedPieces({ encoding, read }: WrittenTensor): AsyncGenerator<Uint8Array> {
  const data = await read()
  for (let at = 0; at < data.length; at += pieceValues) {
    yield encoding.encode(data.subarray(at, at + pieceValues))
  }
}
