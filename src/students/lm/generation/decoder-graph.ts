/**
 * The network as one ONNX graph that takes new tokens on from what is kept of the tokens before them.
 *
 * N: new tokens, all rows' one after another; B: rows; S: new tokens of the row that has most; T: places for past
 * tokens; R: tokens whose logits are wanted. D, H, V as in types.ts; K: heads of keys and values; G = H / K.
 * Linear maps run on the N tokens packed, attention on (B, S) with the shorter rows filled up.
 */
import type { ModelSource } from '../export/gguf-model.ts'
import { rotaryTables } from '../network/rotary.ts'
import type { LinearName } from '../types.ts'
import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './onnx-model.ts'
import { blockSize, quantise, type QuantisedMatrix } from './quantise.ts'

export type WeightType = 'int8' | 'float32'

export interface DecoderModel {
  readonly model: OnnxModel
  /** (V, D): what a token's hidden state starts from. Looked up outside the graph. */
  readonly embedding: Float32Array | QuantisedMatrix
}

/** The names of a layer's kept keys and values: inputs (B, K, T, headSize), outputs (B, K, S, headSize). */
export function keyValueNames(
  layer: number,
): Record<'pastKey' | 'pastValue' | 'newKey' | 'newValue', string> {
  return {
    pastKey: `${layer}.pastKey`,
    pastValue: `${layer}.pastValue`,
    newKey: `${layer}.newKey`,
    newValue: `${layer}.newValue`,
  }
}

interface Builder {
  readonly source: ModelSource
  readonly type: WeightType
  readonly nodes: OnnxNode[]
  readonly inputs: OnnxValue[]
  readonly outputs: OnnxValue[]
  readonly weights: Map<string, OnnxTensor>
}

/** Reads all weights, one map at a time. `contextTokens`: the positions that there are. */
export async function buildDecoder(
  source: ModelSource,
  type: WeightType,
  contextTokens: number,
): Promise<DecoderModel> {
  const builder: Builder = { source, type, nodes: [], inputs: [], outputs: [], weights: new Map() }
  const { architecture } = source
  addInputs(builder, contextTokens)
  let stream: Stream = { hidden: 'embedded', added: null }
  for (let layer = 0; layer < architecture.layers; layer++) stream = await addLayer(builder, layer, stream)
  const embedding = await addHead(builder, stream)
  const { nodes, inputs, outputs, weights } = builder
  return { model: { nodes, inputs, outputs, weights }, embedding }
}

function addInputs({ source, inputs, weights }: Builder, contextTokens: number): void {
  const { hiddenSize: D, headSize } = source.architecture
  inputs.push(
    { name: 'embedded', type: 'float32', shape: ['N', D] },
    // Which of the N tokens stands at each place of (B, S), and where each of the N tokens stands in it.
    { name: 'packed', type: 'int64', shape: ['B', 'S'] },
    { name: 'placed', type: 'int64', shape: ['N'] },
    { name: 'positions', type: 'int64', shape: ['B', 'S'] },
    // Added to the attention's scores: 0 where a query may look, else very low.
    { name: 'mask', type: 'float32', shape: ['B', 1, 'G*S', 'T+S'] },
    // T and S.
    { name: 'parts', type: 'int64', shape: [2] },
    { name: 'wanted', type: 'int64', shape: ['R'] },
  )
  const { cos, sin } = rotaryTables(source.architecture, 0, contextTokens)
  weights.set('cos', { shape: [contextTokens, headSize / 2], data: cos })
  weights.set('sin', { shape: [contextTokens, headSize / 2], data: sin })
}

/** The residual stream, and what is still to be added to it: the next norm adds it in the same step. */
interface Stream {
  readonly hidden: string
  readonly added: string | null
}

async function addLayer(builder: Builder, layer: number, stream: Stream): Promise<Stream> {
  const name = (part: string): string => `${layer}.${part}`
  const norm = await addNorm(builder, name('attentionNorm'), stream, `model.layers.${layer}.input_layernorm`)
  const attended = await addAttention(builder, layer, norm.normed)
  const second = { hidden: norm.hidden, added: attended }
  const place = `model.layers.${layer}.post_attention_layernorm`
  const middle = await addNorm(builder, name('feedForwardNorm'), second, place)
  const { feedForwardSize: F } = builder.source.architecture
  const both = await addLinear(builder, name('gateUp'), middle.normed, layer, [
    'mlp.gate_proj',
    'mlp.up_proj',
  ])
  add(builder, 'Split', [both, addSizes(builder, `halves`, [F, F])], [name('gate'), name('up')], { axis: -1 })
  // x * sigmoid(1 * x) is SiLU.
  const attributes = { alpha: { float: 1 } }
  add(builder, 'QuickGelu', [name('gate')], [name('silu')], attributes, 'com.microsoft')
  add(builder, 'Mul', [name('silu'), name('up')], [name('gated')])
  const down = await addLinear(builder, name('down'), name('gated'), layer, ['mlp.down_proj'])
  return { hidden: middle.hidden, added: down }
}

/** (N, D) in and out. */
async function addAttention(builder: Builder, layer: number, normed: string): Promise<string> {
  const { heads: H, keyValueHeads: K, headSize, queryKeyNorm } = builder.source.architecture
  const name = (part: string): string => `${layer}.${part}`
  const maps = ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'] as const
  const projected = await addLinear(builder, name('qkv'), normed, layer, maps)
  const { pastKey, pastValue, newKey, newValue } = keyValueNames(layer)
  add(builder, 'Gather', [projected, 'packed'], [name('rows')], { axis: 0 })
  add(
    builder,
    'Reshape',
    [name('rows'), addSizes(builder, 'byHead', [0, 0, H + 2 * K, headSize])],
    [name('byHead')],
  )
  add(builder, 'Transpose', [name('byHead')], [name('headFirst')], { perm: [0, 2, 1, 3] })
  const queryKeyValue = [name('query'), name('key'), newValue]
  const sizes = addSizes(builder, 'heads', [H, K, K])
  add(builder, 'Split', [name('headFirst'), sizes], queryKeyValue, { axis: 1 })
  const query = queryKeyNorm ? await addHeadNorm(builder, layer, 'query') : name('query')
  const key = queryKeyNorm ? await addHeadNorm(builder, layer, 'key') : name('key')
  addRotary(builder, query, name('turnedQuery'))
  addRotary(builder, key, newKey)
  const grouped = addSizes(builder, 'grouped', [0, K, -1, headSize])
  add(builder, 'Reshape', [name('turnedQuery'), grouped], [name('queries')])
  for (const [past, size] of [
    [pastKey, headSize],
    [pastValue, headSize],
  ] as const) {
    builder.inputs.push({ name: past, type: 'float32', shape: ['B', K, 'T', size] })
  }
  for (const fresh of [newKey, newValue]) {
    builder.outputs.push({ name: fresh, type: 'float32', shape: ['B', K, 'S', headSize] })
  }
  addScores(builder, layer)
  add(
    builder,
    'Reshape',
    [name('mixed'), addSizes(builder, 'ungrouped', [0, H, -1, headSize])],
    [name('mixedHeads')],
  )
  add(builder, 'Transpose', [name('mixedHeads')], [name('mixedRows')], { perm: [0, 2, 1, 3] })
  add(
    builder,
    'Reshape',
    [name('mixedRows'), addSizes(builder, 'flat', [-1, H * headSize])],
    [name('mixedFlat')],
  )
  add(builder, 'Gather', [name('mixedFlat'), 'placed'], [name('mixedTokens')], { axis: 0 })
  return addLinear(builder, name('attended'), name('mixedTokens'), layer, ['self_attn.o_proj'])
}

/** Past and new keys are never joined: that would copy the whole past at every step. */
function addScores(builder: Builder, layer: number): void {
  const name = (part: string): string => `${layer}.${part}`
  const { pastKey, pastValue, newKey, newValue } = keyValueNames(layer)
  const attributes = { transB: 1, alpha: { float: 1 / Math.sqrt(builder.source.architecture.headSize) } }
  for (const [keys, scores] of [
    [pastKey, name('pastScores')],
    [newKey, name('newScores')],
  ]) {
    add(builder, 'FusedMatMul', [name('queries'), keys], [scores], attributes, 'com.microsoft')
  }
  add(builder, 'Concat', [name('pastScores'), name('newScores')], [name('scores')], { axis: -1 })
  add(builder, 'Add', [name('scores'), 'mask'], [name('masked')])
  add(builder, 'Softmax', [name('masked')], [name('shares')], { axis: -1 })
  add(builder, 'Split', [name('shares'), 'parts'], [name('pastShares'), name('newShares')], { axis: -1 })
  add(builder, 'MatMul', [name('pastShares'), pastValue], [name('pastMixed')])
  add(builder, 'MatMul', [name('newShares'), newValue], [name('newMixed')])
  add(builder, 'Add', [name('pastMixed'), name('newMixed')], [name('mixed')])
}

/** Qwen3: queries and keys are normalised over each head, before they are turned. */
async function addHeadNorm(builder: Builder, layer: number, of: 'query' | 'key'): Promise<string> {
  const normed = `${layer}.${of}Normed`
  const tensor = `model.layers.${layer}.self_attn.${of === 'query' ? 'q' : 'k'}_norm.weight`
  const attributes = { axis: -1, epsilon: { float: builder.source.architecture.normEpsilon }, stash_type: 1 }
  add(
    builder,
    'SimplifiedLayerNormalization',
    [`${layer}.${of}`, await addTensor(builder, tensor)],
    [normed],
    attributes,
  )
  return normed
}

function addRotary(builder: Builder, from: string, to: string): void {
  add(builder, 'RotaryEmbedding', [from, 'positions', 'cos', 'sin'], [to], {}, 'com.microsoft')
}

async function addNorm(
  builder: Builder,
  normed: string,
  { hidden, added }: Stream,
  place: string,
): Promise<{ readonly normed: string; readonly hidden: string }> {
  const weight = await addTensor(builder, `${place}.weight`)
  const epsilon = { float: builder.source.architecture.normEpsilon }
  if (added === null) {
    const attributes = { axis: -1, epsilon, stash_type: 1 }
    add(builder, 'SimplifiedLayerNormalization', [hidden, weight], [normed], attributes)
    return { normed, hidden }
  }
  const sum = `${normed}.sum`
  const inputs = [hidden, added, weight]
  add(
    builder,
    'SkipSimplifiedLayerNormalization',
    inputs,
    [normed, '', '', sum],
    { epsilon },
    'com.microsoft',
  )
  return { normed, hidden: sum }
}

/** Only the wanted tokens go through the vocabulary projection. */
async function addHead(builder: Builder, { hidden, added }: Stream): Promise<DecoderModel['embedding']> {
  const { vocabularySize: V, hiddenSize: D, tiedEmbeddings } = builder.source.architecture
  const stream = { hidden: 'wantedHidden', added: added === null ? null : 'wantedAdded' }
  add(builder, 'Gather', [hidden, 'wanted'], [stream.hidden], { axis: 0 })
  if (added !== null) add(builder, 'Gather', [added, 'wanted'], ['wantedAdded'], { axis: 0 })
  const { normed } = await addNorm(builder, 'finalNorm', stream, 'model.norm')
  const { data } = await builder.source.tensor('model.embed_tokens.weight')
  const embedding = builder.type === 'int8' ? quantise(data, V, D) : data
  const head = tiedEmbeddings ? embedding : await readMatrix(builder, ['lm_head.weight'], D)
  addProduct(builder, 'logits', normed, head, V, D)
  builder.outputs.push({ name: 'logits', type: 'float32', shape: ['R', V] })
  return embedding
}

/** Several maps of the same input as one product, their outputs side by side. */
async function addLinear(
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
function addProduct(
  builder: Builder,
  to: string,
  from: string,
  matrix: Float32Array | QuantisedMatrix,
  rows: number,
  columns: number,
  bias?: Float32Array,
): void {
  const { weights } = builder
  const weight = `${to}.weight`
  const biasName = `${to}.bias`
  if (bias !== undefined) weights.set(biasName, { shape: [rows], data: bias })
  if ('rows' in matrix) {
    const blocks = Math.ceil(columns / blockSize)
    weights.set(weight, { shape: [rows, blocks, blockSize], data: matrix.values })
    weights.set(`${to}.scales`, { shape: [rows * blocks], data: matrix.scales })
    const inputs = [from, weight, `${to}.scales`, ...(bias === undefined ? [] : ['', '', biasName])]
    // Level 4: activations too are multiplied as 8-bit numbers, scaled by blocks of one token.
    const attributes = { K: columns, N: rows, bits: 8, block_size: blockSize, accuracy_level: 4 }
    add(builder, 'MatMulNBits', inputs, [to], attributes, 'com.microsoft')
    return
  }
  weights.set(weight, { shape: [rows, columns], data: matrix })
  const inputs = [from, weight, ...(bias === undefined ? [] : [biasName])]
  add(builder, 'Gemm', inputs, [to], { transB: 1 })
}

async function readMatrix(
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

async function addTensor({ source, weights }: Builder, name: string): Promise<string> {
  weights.set(name, await source.tensor(name))
  return name
}

/** A constant that a node takes as its sizes; the same name always has the same ones. */
function addSizes({ weights }: Builder, name: string, sizes: readonly number[]): string {
  weights.set(`sizes.${name}`, { shape: [sizes.length], data: BigInt64Array.from(sizes, BigInt) })
  return `sizes.${name}`
}

function add(
  { nodes }: Builder,
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: OnnxNode['attributes'] = {},
  domain?: OnnxNode['domain'],
): void {
  nodes.push({ operator, inputs, outputs, attributes, domain })
}
