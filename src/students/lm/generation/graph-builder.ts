/** Parts of the decoder's graph that have weights, and how they are read: whole, or as 8-bit numbers. */
import type { OnnxConstant, OnnxModel, OnnxNode, OnnxValue } from '../../../engine/onnx-model.ts'
import type { ModelSource } from '../export/gguf-model.ts'
import type { LinearName } from '../types.ts'
import { blockSize, quantise, type QuantisedMatrix } from './quantise.ts'

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

/** Several maps of the same input as one product, their outputs side by side. */
export async function addLinear(
  builder: Builder,
  to: string,
  from: string,
  layer: number,
  maps: readonly LinearName[],
): Promise<string> {
  const { hiddenSize: D, heads, headSize, feedForwardSize: F, attentionBias } = builder.source.architecture
  const columns = maps[0] === 'mlp.down_proj' ? F : maps[0] === 'self_attn.o_proj' ? heads * headSize : D
  const names = maps.map((map) => `model.layers.${layer}.${map}`)
  const matrix = await readMatrix(
    builder,
    names.map((name) => `${name}.weight`),
    columns,
  )
  const rows = 'rows' in matrix ? matrix.rows : matrix.length / columns
  const isBiased = attentionBias && maps[0] === 'self_attn.q_proj'
  const bias = isBiased
    ? await readJoined(
        builder,
        names.map((name) => `${name}.bias`),
      )
    : undefined
  addProduct(builder, to, from, matrix, rows, columns, bias)
  return to
}

/** to = from W^T + bias, W (rows, columns). */
export function addProduct(
  builder: Builder,
  to: string,
  from: string,
  matrix: Float32Array | QuantisedMatrix,
  rows: number,
  columns: number,
  bias?: Float32Array,
): void {
  const { constants } = builder
  const weight = `${to}.weight`
  const biasName = `${to}.bias`
  if (bias !== undefined) constants.set(biasName, { type: 'float32', shape: [rows], data: bias })
  if ('rows' in matrix) {
    const blocks = Math.ceil(columns / blockSize)
    constants.set(weight, { type: 'uint8', shape: [rows, blocks, blockSize], data: matrix.values })
    constants.set(`${to}.scales`, { type: 'float32', shape: [rows * blocks], data: matrix.scales })
    const inputs = [from, weight, `${to}.scales`, ...(bias === undefined ? [] : ['', '', biasName])]
    // Level 4: activations too are multiplied as 8-bit numbers, scaled by blocks of one token.
    const attributes = { K: columns, N: rows, bits: 8, block_size: blockSize, accuracy_level: 4 }
    add(builder, 'MatMulNBits', inputs, [to], attributes, 'com.microsoft')
    return
  }
  constants.set(weight, { type: 'float32', shape: [rows, columns], data: matrix })
  const inputs = [from, weight, ...(bias === undefined ? [] : [biasName])]
  add(builder, 'Gemm', inputs, [to], { transB: 1 })
}

export async function readMatrix(
  builder: Builder,
  names: readonly string[],
  columns: number,
): Promise<Float32Array | QuantisedMatrix> {
  const data = await readJoined(builder, names)
  return builder.type === 'int8' ? quantise(data, data.length / columns, columns) : data
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
