/** Parts of the decoder's graph that have weights, and how they are read: whole, or as 8-bit numbers. */
import type { OnnxConstant, OnnxModel, OnnxNode, OnnxValue } from '../../../engine/onnx-model.ts'
import { quantise8, type QuantisedMatrix } from '../../../engine/quantise.ts'
import type { ModelSource } from '../export/gguf-model.ts'
import { blockSize } from '../../../engine/shape-rules.ts'
import type { LinearName } from '../types.ts'
import { linearShapes } from '../weights/tensor-shapes.ts'

export type WeightType = 'int8' | 'float32'

/** A model in the making, and where its weights come from. */
export interface Builder extends OnnxModel {
  readonly source: ModelSource
  readonly type: WeightType
  readonly nodes: OnnxNode[]
  readonly inputs: Map<string, OnnxValue>
  readonly outputs: Map<string, OnnxValue>
  readonly constants: Map<string, OnnxConstant>
}

export function createBuilder(source: ModelSource, type: WeightType): Builder {
  return { source, type, nodes: [], inputs: new Map(), outputs: new Map(), constants: new Map() }
}

/** (rows, columns), whole or as 8-bit numbers. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly weights: Float32Array | QuantisedMatrix
}

/** Several maps of the same input as one product, their outputs side by side. */
export async function addLinear(
  builder: Builder,
  to: string,
  from: string,
  layer: number,
  maps: readonly LinearName[],
): Promise<string> {
  const { architecture } = builder.source
  const names = maps.map((map) => `model.layers.${layer}.${map}`)
  const weights = names.map((name) => `${name}.weight`)
  const matrix = await readMatrix(builder, weights, linearShapes(architecture)[maps[0]][1])
  const biases = names.map((name) => `${name}.bias`)
  const isBiased = architecture.attentionBias && maps[0] === 'self_attn.q_proj'
  addProduct(builder, to, from, matrix, isBiased ? await readJoined(builder, biases) : undefined)
  return to
}

/** to = from W^T + bias, W (rows, columns). */
export function addProduct(
  builder: Builder,
  to: string,
  from: string,
  { rows, columns, weights }: Matrix,
  bias?: Float32Array,
): void {
  const { constants } = builder
  const biasName = `${to}.bias`
  if (bias !== undefined) constants.set(biasName, { type: 'float32', shape: [rows], data: bias })
  if (weights instanceof Float32Array) {
    constants.set(`${to}.weight`, { type: 'float32', shape: [rows, columns], data: weights })
    const inputs = [from, `${to}.weight`, ...(bias === undefined ? [] : [biasName])]
    add(builder, 'Gemm', inputs, [to], { transB: 1 })
    return
  }
  const { packed, scales, blocks } = weights
  constants.set(`${to}.weight`, { type: 'uint8', shape: [rows, blocks, blockSize], data: packed })
  constants.set(`${to}.scales`, { type: 'float32', shape: [rows * blocks], data: scales })
  const inputs = [from, `${to}.weight`, `${to}.scales`, ...(bias === undefined ? [] : ['', '', biasName])]
  // Level 4: what is multiplied is rounded to 8 bits too, in blocks of one token.
  const attributes = { K: columns, N: rows, bits: 8, block_size: blockSize, accuracy_level: 4 }
  add(builder, 'MatMulNBits', inputs, [to], attributes, 'com.microsoft')
}

export async function readMatrix(
  builder: Builder,
  names: readonly string[],
  columns: number,
): Promise<Matrix> {
  const data = await readJoined(builder, names)
  const rows = data.length / columns
  return { rows, columns, weights: builder.type === 'int8' ? quantise8(data, rows, columns) : data }
}

/** Writes one row to `target` at `offset`. */
export function copyRow(matrix: Matrix, row: number, target: Float32Array, offset: number): void {
  const { columns, weights } = matrix
  if (weights instanceof Float32Array) {
    target.set(weights.subarray(row * columns, (row + 1) * columns), offset)
    return
  }
  const { packed, scales, blocks } = weights
  for (let i = 0; i < columns; i++) {
    const scale = scales[row * blocks + Math.floor(i / blockSize)]
    target[offset + i] = (packed[row * blocks * blockSize + i] - 128) * scale
  }
}

async function readJoined({ source }: Builder, names: readonly string[]): Promise<Float32Array> {
  const parts: Float32Array[] = []
  for (const name of names) parts.push((await source.tensor(name)).data)
  if (parts.length === 1) return parts[0]
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

export async function addTensor({ source, constants }: Builder, name: string): Promise<string> {
  constants.set(name, { type: 'float32', ...(await source.tensor(name)) })
  return name
}

/** A constant that a node takes as its sizes; the same name always has the same ones. */
export function addSizes({ constants }: Builder, name: string, sizes: readonly number[]): string {
  constants.set(`sizes.${name}`, {
    type: 'int64',
    shape: [sizes.length],
    data: BigInt64Array.from(sizes, BigInt),
  })
  return `sizes.${name}`
}

export function add(
  { nodes }: Builder,
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: OnnxNode['attributes'] = {},
  domain?: OnnxNode['domain'],
): void {
  nodes.push({ operator, inputs, outputs, attributes, domain })
}
