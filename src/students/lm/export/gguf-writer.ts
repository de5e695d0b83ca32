/** A GGUF file, version 3, as a stream of bytes, tensor by tensor. Knows nothing of any architecture. */
import type { Encoding } from './encode-values.ts'
import { encodedBytes, encodedPieces, type WrittenTensor } from './written-tensor.ts'

export type GgufField =
  | { readonly type: 'u32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'texts'; readonly value: readonly string[] }
  | { readonly type: 'i32s'; readonly value: readonly number[] }

export interface GgufContent {
  readonly metadata: Readonly<Record<string, GgufField>>
  readonly tensors: readonly WrittenTensor[]
}

/** GGUF's numbers of the types. */
const valueTypes = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, array: 9 } as const
const tensorTypes: Readonly<Record<Encoding['name'], number>> = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 }

const alignment = 32
const aligned = (length: number): number => Math.ceil(length / alignment) * alignment

export async function* ggufChunks({ metadata, tensors }: GgufContent): AsyncGenerator<Uint8Array> {
  const fields = Object.entries(metadata)
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(fields.length),
    ...fields.flatMap(([key, field]) => [text(key), ...fieldBytes(field)]),
    ...tensorInfos(tensors),
  ])
  yield head
  yield padding(head.length)
  for (const tensor of tensors) {
    yield* encodedPieces(tensor)
    yield padding(encodedBytes(tensor))
  }
}

function tensorInfos(tensors: readonly WrittenTensor[]): Buffer[] {
  let offset = 0
  return tensors.flatMap((tensor) => {
    const { name, shape, encoding } = tensor
    const sizes = [...shape].reverse().map(u64)
    const info = [text(name), u32(shape.length), ...sizes, u32(tensorTypes[encoding.name]), u64(offset)]
    offset += aligned(encodedBytes(tensor))
    return info
  })
}

// oxlint-disable-next-line typescript/consistent-return -- every type returns; a new one does not compile
function fieldBytes(field: GgufField): Buffer[] {
  switch (field.type) {
    case 'u32':
      return [u32(valueTypes.u32), u32(field.value)]
    case 'f32':
      return [u32(valueTypes.f32), f32(field.value)]
    case 'bool':
      return [u32(valueTypes.bool), Buffer.from([field.value ? 1 : 0])]
    case 'text':
      return [u32(valueTypes.text), text(field.value)]
    case 'texts':
      return [...arrayHead(valueTypes.text, field.value.length), ...field.value.map(text)]
    case 'i32s':
      return [
        ...arrayHead(valueTypes.i32, field.value.length),
        Buffer.from(Int32Array.from(field.value).buffer),
      ]
  }
}

function arrayHead(elementType: number, count: number): Buffer[] {
  return [u32(valueTypes.array), u32(elementType), u64(count)]
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8')
  return Buffer.concat([u64(bytes.length), bytes])
}

const padding = (length: number): Uint8Array => new Uint8Array(aligned(length) - length)
