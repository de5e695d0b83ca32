/** ONNX models as plain data, and the protobuf bytes of one. Field numbers are those of onnx.proto. */
import type { ElementType, TypedArray } from './graph.ts'

export interface OnnxNode {
  readonly operator: string
  /** ONNX Runtime's own operators when "com.microsoft". */
  readonly domain?: 'com.microsoft'
  /** An empty name is an input or output that is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

/** A number is an ONNX integer; floats are marked, for JavaScript cannot tell 1 from 1.0. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number }

export interface OnnxValue {
  readonly type: ElementType
  /** A name stands for a size that may differ from run to run. */
  readonly shape: readonly (number | string)[]
}

export interface OnnxConstant {
  readonly type: ElementType
  readonly shape: readonly number[]
  readonly data: TypedArray
}

export interface OnnxModel {
  readonly nodes: readonly OnnxNode[]
  readonly inputs: ReadonlyMap<string, OnnxValue>
  readonly outputs: ReadonlyMap<string, OnnxValue>
  readonly constants: ReadonlyMap<string, OnnxConstant>
}

export interface EncodedModel {
  readonly bytes: Uint8Array
  /** Constants that do not lie in the bytes, by the path under which the model names them: views, not copies. */
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[]
}

/** The oldest pair that has DequantizeLinear in blocks, which ONNX Runtime 1.30 reads as well as newer ones. */
const irVersion = 10
const operatorSet = 21

/** TensorProto.DataType */
export const typeCodes: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
}

/** Constants of more than `inlineBytes` are left outside, for `session.externalData`; by default all are inside. */
export function encodeOnnx(model: OnnxModel, inlineBytes = Infinity): EncodedModel {
  const externalData: { path: string; data: Uint8Array }[] = []
  const constants = [...model.constants].map(([name, { type, shape, data }]) => {
    const content = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const head = [...shape.map((size) => integer(1, size)), integer(2, typeCodes[type]), text(8, name)]
    if (content.length <= inlineBytes) return message(5, ...head, bytes(9, content))
    externalData.push({ path: name, data: content })
    return message(5, ...head, ...place(name, content.length), integer(14, 1))
  })
  const graph = [
    ...model.nodes.map(encodeNode),
    text(2, 'graph'),
    ...constants,
    ...[...model.inputs].map(([name, value]) => encodeValue(11, name, value)),
    ...[...model.outputs].map(([name, value]) => encodeValue(12, name, value)),
  ]
  const imports = [
    message(8, text(1, ''), integer(2, operatorSet)),
    message(8, text(1, 'com.microsoft'), integer(2, 1)),
  ]
  return { bytes: join([integer(1, irVersion), message(7, ...graph), ...imports]), externalData }
}

function encodeNode({ operator, domain, inputs, outputs, attributes }: OnnxNode): Uint8Array {
  return message(
    1,
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => message(5, text(1, name), encodeAttribute(value))),
    ...(domain === undefined ? [] : [text(7, domain)]),
  )
}

function encodeAttribute(value: OnnxAttribute): Uint8Array {
  if (typeof value === 'number') return join([integer(3, value), integer(20, 2)])
  if (!('float' in value)) return join([...value.map((item) => integer(8, item)), integer(20, 7)])
  const float = new Uint8Array(4)
  new DataView(float.buffer).setFloat32(0, value.float, true)
  return join([varint((2 << 3) | 5), float, integer(20, 1)])
}

function encodeValue(field: number, name: string, { type, shape }: OnnxValue): Uint8Array {
  const sizes = shape.map((size) => message(1, typeof size === 'number' ? integer(1, size) : text(2, size)))
  const tensorType = message(1, integer(1, typeCodes[type]), message(2, ...sizes))
  return message(field, text(1, name), message(2, tensorType))
}

function place(path: string, length: number): Uint8Array[] {
  const entries = { location: path, offset: '0', length: String(length) }
  return Object.entries(entries).map(([key, value]) => message(13, text(1, key), text(2, value)))
}

function message(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return bytes(field, join(parts))
}

const encoder = new TextEncoder()

function text(field: number, value: string): Uint8Array {
  return bytes(field, encoder.encode(value))
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
