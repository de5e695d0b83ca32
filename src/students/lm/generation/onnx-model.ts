/**
 * Writes an ONNX model whose sizes may be left open, with its weights beside it. The engine's graphs have fixed
 * shapes, as training wants them; generation runs one graph for every number of rows, tokens and past tokens.
 */

export interface OnnxNode {
  readonly operator: string
  /** Contributed operators of ONNX Runtime when "com.microsoft". */
  readonly domain?: 'com.microsoft'
  /** An empty name is an input or output that is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
}

/** A number is an ONNX integer; floats are marked, for JavaScript cannot tell 1 from 1.0. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number }

type Data = Float32Array | Uint8Array | BigInt64Array

export interface OnnxTensor {
  readonly shape: readonly number[]
  readonly data: Data
}

/** A size is a number, or a name where it may differ from run to run. */
export interface OnnxValue {
  readonly name: string
  readonly type: 'float32' | 'int64'
  readonly shape: readonly (number | string)[]
}

export interface OnnxModel {
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly weights: ReadonlyMap<string, OnnxTensor>
}

export interface EncodedModel {
  readonly bytes: Uint8Array
  /** Weights that are too large to lie in the model, by the path under which it names them. */
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[]
}

/** Larger weights stay where they are: a protobuf message has a limit of 2 GB. */
const mostInlineBytes = 1024
const irVersion = 10
const operatorSet = 21

/** Field numbers are those of onnx.proto. */
export function encodeOnnx(model: OnnxModel): EncodedModel {
  const externalData: { path: string; data: Uint8Array }[] = []
  const weights = [...model.weights].map(([name, tensor]) => {
    const data = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
    if (data.length <= mostInlineBytes) return message(5, tensorHead(name, tensor), bytes(9, data))
    externalData.push({ path: name, data })
    return message(5, tensorHead(name, tensor), ...externalPlace(name, data.length), integer(14, 1))
  })
  const graph = [
    ...model.nodes.map(encodeNode),
    text(2, 'decoder'),
    ...weights,
    ...model.inputs.map((value) => encodeValue(11, value)),
    ...model.outputs.map((value) => encodeValue(12, value)),
  ]
  const parts = [
    integer(1, irVersion),
    message(7, ...graph),
    message(8, text(1, ''), integer(2, operatorSet)),
    message(8, text(1, 'com.microsoft'), integer(2, 1)),
  ]
  return { bytes: join(parts), externalData }
}

function encodeNode({ operator, domain, inputs, outputs, attributes = {} }: OnnxNode): Uint8Array {
  return message(
    1,
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, outputs.find((name) => name !== '') ?? operator),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => message(5, text(1, name), encodeAttribute(value))),
    ...(domain === undefined ? [] : [text(7, domain)]),
  )
}

function encodeAttribute(value: OnnxAttribute): Uint8Array {
  if (typeof value === 'number') return join([integer(3, value), integer(20, 2)])
  if (!('float' in value)) return join([...value.map((item) => integer(8, item)), integer(20, 7)])
  const four = new Uint8Array(Float32Array.of(value.float).buffer)
  return join([varint((2 << 3) | 5), four, integer(20, 1)])
}

function encodeValue(field: number, { name, type, shape }: OnnxValue): Uint8Array {
  const sizes = shape.map((size) => message(1, typeof size === 'number' ? integer(1, size) : text(2, size)))
  const tensorType = message(1, integer(1, type === 'float32' ? 1 : 7), message(2, ...sizes))
  return message(field, text(1, name), message(2, tensorType))
}

function tensorHead(name: string, { shape, data }: OnnxTensor): Uint8Array {
  const type = data instanceof Float32Array ? 1 : data instanceof Uint8Array ? 2 : 7
  return join([...shape.map((size) => integer(1, size)), integer(2, type), text(8, name)])
}

function externalPlace(path: string, length: number): Uint8Array[] {
  const entries = { location: path, offset: '0', length: String(length) }
  return Object.entries(entries).map(([key, value]) => message(13, text(1, key), text(2, value)))
}

function message(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return bytes(field, join(parts))
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(value))
}

function bytes(field: number, content: Uint8Array): Uint8Array {
  return join([varint((field << 3) | 2), varint(content.length), content])
}

function integer(field: number, value: number): Uint8Array {
  return join([varint(field << 3), varint(value)])
}

/** Negative numbers as 64-bit two's complement, as protobuf's int64 has them. */
function varint(value: number): Uint8Array {
  const encoded: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 0x7fn; rest >>= 7n) encoded.push(Number(rest & 0x7fn) | 0x80)
  encoded.push(Number(rest))
  return Uint8Array.from(encoded)
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
