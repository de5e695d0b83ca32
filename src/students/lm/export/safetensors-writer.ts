/** A safetensors file as a stream of bytes, tensor by tensor. */
import { encodedBytes, encodedPieces, type WrittenTensor } from './written-tensor.ts'

/** Encodings F32, F16 and BF16. Tensors lie in the order given; the head is padded to eight bytes with spaces. */
export async function* safetensorsChunks(tensors: readonly WrittenTensor[]): AsyncGenerator<Uint8Array> {
  yield head(tensors)
  for (const tensor of tensors) yield* encodedPieces(tensor)
}

function head(tensors: readonly WrittenTensor[]): Uint8Array {
  let at = 0
  const entries = tensors.map((tensor): [string, object] => {
    const begin = at
    at += encodedBytes(tensor)
    const { name, shape, encoding } = tensor
    return [name, { dtype: encoding.name, shape, data_offsets: [begin, at] }]
  })
  const text = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) })
  const length = Buffer.byteLength(text)
  const padded = Math.ceil(length / 8) * 8
  const bytes = Buffer.alloc(8 + padded, ' ')
  bytes.writeBigUInt64LE(BigInt(padded))
  bytes.write(text, 8)
  return bytes
}
