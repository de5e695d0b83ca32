/**
 * The network as one ONNX graph that takes new tokens on from what is kept of the tokens before them.
 *
 * N: new tokens, all rows' one after another; B: rows; S: new tokens of the row that has most; T: places for past
 * tokens; R: tokens after which the next is wanted. D, H, V as in types.ts; K: heads of keys and values; G = H / K.
 * Linear maps run on the N tokens packed, attention on (B, S) with the shorter rows filled up.
 */
import type { OnnxModel } from '../../../engine/onnx-model.ts'
import type { ModelSource } from '../export/gguf-model.ts'
import { rotaryTables } from '../network/rotary.ts'
import {
  add,
  addLinear,
  addProduct,
  addSizes,
  addTensor,
  createBuilder,
  readMatrix,
  type Builder,
  type Matrix,
  type WeightType,
} from './graph-builder.ts'

export interface DecoderModel {
  readonly model: OnnxModel
  /** (V, D): what a token's hidden state starts from. Looked up outside the graph. */
  readonly embedding: Matrix
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

/** Reads all weights, one map at a time. `contextTokens`: the positions that there are. */
export async function buildDecoder(
  source: ModelSource,
  type: WeightType,
  contextTokens: number,
): Promise<DecoderModel> {
  const builder = createBuilder(source, type)
  const { architecture } = source
  addInputs(builder, contextTokens)
  let stream: Stream = { hidden: 'embedded', added: null }
  for (let layer = 0; layer < architecture.layers; layer++) stream = await addLayer(builder, layer, stream)
  const embedding = await addHead(builder, stream)
  return { model: builder, embedding }
}

function addInputs({ source, inputs, constants }: Builder, contextTokens: number): void {
  const { hiddenSize: D, headSize } = source.architecture
  inputs.set('embedded', { type: 'float32', shape: ['N', D] })
  // Which of the N tokens stands at each place of (B, S), and where each of the N tokens stands in it.
  inputs.set('packed', { type: 'int64', shape: ['B', 'S'] })
  inputs.set('placed', { type: 'int64', shape: ['N'] })
  inputs.set('positions', { type: 'int64', shape: ['B', 'S'] })
  // Added to the attention's scores: 0 where a query may look, else very low.
  inputs.set('mask', { type: 'float32', shape: ['B', 1, 'G*S', 'T+S'] })
  // T and S.
  inputs.set('parts', { type: 'int64', shape: [2] })
  inputs.set('wanted', { type: 'int64', shape: ['R'] })
  const { cos, sin } = rotaryTables(source.architecture, 0, contextTokens)
  constants.set('cos', { type: 'float32', shape: [contextTokens, headSize / 2], data: cos })
  constants.set('sin', { type: 'float32', shape: [contextTokens, headSize / 2], data: sin })
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
  add(builder, 'Split', [both, addSizes(builder, 'halves', [F, F])], [name('gate'), name('up')], { axis: -1 })
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
  for (const past of [pastKey, pastValue]) {
    builder.inputs.set(past, { type: 'float32', shape: ['B', K, 'T', headSize] })
  }
  for (const fresh of [newKey, newValue]) {
    builder.outputs.set(fresh, { type: 'float32', shape: ['B', K, 'S', headSize] })
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
async function addHead(builder: Builder, { hidden, added }: Stream): Promise<Matrix> {
  const { vocabularySize: V, hiddenSize: D, tiedEmbeddings } = builder.source.architecture
  const stream = { hidden: 'wantedHidden', added: added === null ? null : 'wantedAdded' }
  add(builder, 'Gather', [hidden, 'wanted'], [stream.hidden], { axis: 0 })
  if (added !== null) add(builder, 'Gather', [added, 'wanted'], ['wantedAdded'], { axis: 0 })
  const { normed } = await addNorm(builder, 'finalNorm', stream, 'model.norm')
  const embedding = await readMatrix(builder, ['model.embed_tokens.weight'], D)
  const head = tiedEmbeddings ? embedding : await readMatrix(builder, ['lm_head.weight'], D)
  addProduct(builder, 'logits', normed, head)
  add(builder, 'LogSoftmax', ['logits'], ['logProbabilities'], { axis: -1 })
  builder.outputs.set('logProbabilities', { type: 'float32', shape: ['R', V] })
  return embedding
}
