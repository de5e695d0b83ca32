/** Each operation as ONNX nodes: one rule an operation. ONNX Runtime's own operators where they are faster. */
import type { ElementType, NodeOf, OperationName, TypedArray, Value } from './graph.ts'
import { typeCodes, type OnnxAttribute, type OnnxNode } from './onnx-model.ts'
import { blockSize } from './shape-rules.ts'

/** Where the nodes of a model are collected. */
export interface Emitter {
  /** Whether ONNX Runtime's own operators may be used, or only those of the standard. */
  readonly contributed: boolean
  nameOf(value: Value): string
  /** Whether an output of the node is needed by anything. */
  isUsed(value: Value): boolean
  constant(data: TypedArray, shape: readonly number[], type: ElementType): string
  /** Adds a node and gives the name of its first output, a fresh one unless named. */
  emit(
    operator: string,
    inputs: readonly string[],
    options?: {
      readonly outputs?: readonly string[]
      readonly attributes?: OnnxNode['attributes']
      readonly domain?: OnnxNode['domain']
    },
  ): string
}

type LoweringRules = { readonly [K in OperationName]: (e: Emitter, node: NodeOf<K>) => void }

export const loweringRules: LoweringRules = {
  add: (e, node) => same(e, node, 'Add'),
  subtract: (e, node) => same(e, node, 'Sub'),
  multiply: (e, node) => same(e, node, 'Mul'),
  divide: (e, node) => same(e, node, 'Div'),
  negate: (e, node) => same(e, node, 'Neg'),
  exp: (e, node) => same(e, node, 'Exp'),
  log: (e, node) => same(e, node, 'Log'),
  sqrt: (e, node) => same(e, node, 'Sqrt'),
  reciprocal: (e, node) => same(e, node, 'Reciprocal'),
  sigmoid: (e, node) => same(e, node, 'Sigmoid'),
  silu: (e, node) => {
    if (e.contributed) return own(e, node, 'QuickGelu', { alpha: { float: 1 } })
    const [x] = names(e, node.inputs)
    write(e, node, 'Mul', [x, e.emit('Sigmoid', [x])])
  },
  matmul: (e, node) => {
    const { transposeA, transposeB } = node.attributes
    const [a, b] = node.inputs
    if (a.shape.length === 2 && b.shape.length === 2) {
      return same(e, node, 'Gemm', flags({ transA: transposeA, transB: transposeB }))
    }
    if (!transposeA && !transposeB) return same(e, node, 'MatMul')
    if (e.contributed) return own(e, node, 'FusedMatMul', flags({ transA: transposeA, transB: transposeB }))
    const turned = (value: Value, wanted: boolean): string => {
      if (!wanted) return e.nameOf(value)
      const axes = value.shape.map((_, axis) => axis)
      const permutation = [...axes.slice(0, -2), axes.length - 1, axes.length - 2]
      return e.emit('Transpose', [e.nameOf(value)], { attributes: { perm: permutation } })
    }
    write(e, node, 'MatMul', [turned(a, transposeA), turned(b, transposeB)])
  },
  linear: (e, node) => same(e, node, 'Gemm', { transB: 1 }),
  reshape: (e, node) =>
    write(e, node, 'Reshape', [...names(e, node.inputs), sizes(e, node.attributes.shape)]),
  transpose: (e, node) => same(e, node, 'Transpose', { perm: node.attributes.permutation }),
  slice: (e, node) => {
    const { axis, start, end } = node.attributes
    write(e, node, 'Slice', [...names(e, node.inputs), sizes(e, [start]), sizes(e, [end]), sizes(e, [axis])])
  },
  pad: (e, node) => {
    const { axis, before, after } = node.attributes
    write(e, node, 'Pad', [...names(e, node.inputs), sizes(e, [before, after]), '', sizes(e, [axis])])
  },
  concat: (e, node) => same(e, node, 'Concat', { axis: node.attributes.axis }),
  broadcastTo: (e, node) =>
    write(e, node, 'Expand', [...names(e, node.inputs), sizes(e, node.attributes.shape)]),
  gather: (e, node) => same(e, node, 'Gather', { axis: 0 }),
  cast: (e, node) => same(e, node, 'Cast', { to: typeCodes[node.attributes.to] }),
  equal: (e, node) => same(e, node, 'Equal'),
  select: (e, node) => same(e, node, 'Where'),
  sum: (e, node) => reduce(e, node, 'ReduceSum'),
  max: (e, node) => reduce(e, node, 'ReduceMax'),
  softmax: (e, node) => same(e, node, 'Softmax', { axis: node.attributes.axis }),
  logSoftmax: (e, node) => same(e, node, 'LogSoftmax', { axis: node.attributes.axis }),
  rmsNorm: lowerRmsNorm,
  rotary: lowerRotary,
  dequantise: lowerDequantise,
  matmulNBits: (e, node) => {
    const [x, packed, , bias] = node.inputs
    const [xName, packedName, scales] = names(e, node.inputs)
    const attributes = {
      K: x.shape[x.shape.length - 1],
      N: packed.shape[0],
      bits: 8,
      block_size: blockSize,
      // Level 4: x is quantised too, and the products are summed as whole numbers.
      accuracy_level: 4,
    }
    const rest = bias === undefined ? [] : ['', '', e.nameOf(bias)]
    const inputs = [xName, packedName, scales, ...rest]
    emitOwn(e, node, 'MatMulNBits', inputs, attributes)
  },
  groupQueryAttention: (e, node) => {
    const { heads, keyValueHeads, scale } = node.attributes
    const attributes = {
      num_heads: heads,
      kv_num_heads: keyValueHeads,
      do_rotary: 1,
      ...(scale === undefined ? {} : { scale: { float: scale } }),
    }
    emitOwn(e, node, 'GroupQueryAttention', names(e, node.inputs), attributes)
  },
  argMax: (e, node) => same(e, node, 'ArgMax', { axis: node.attributes.axis, keepdims: 0 }),
  topK: (e, node) => write(e, node, 'TopK', [...names(e, node.inputs), sizes(e, [node.attributes.k])]),
}

type AnyNode = Pick<NodeOf<OperationName>, 'operation' | 'inputs' | 'outputs'>
type Attributes = Readonly<Record<string, OnnxAttribute>>

function names(e: Emitter, values: readonly Value[]): string[] {
  return values.map((value) => e.nameOf(value))
}

/** The last node of an operation: its outputs are the operation's. */
function write(
  e: Emitter,
  node: AnyNode,
  operator: string,
  inputs: readonly string[],
  attributes: Attributes = {},
  domain?: OnnxNode['domain'],
): void {
  e.emit(operator, inputs, { outputs: names(e, node.outputs), attributes, domain })
}

/** One operator that takes what the operation takes. */
function same(e: Emitter, node: AnyNode, operator: string, attributes: Attributes = {}): void {
  write(e, node, operator, names(e, node.inputs), attributes)
}

function own(e: Emitter, node: AnyNode, operator: string, attributes: Attributes = {}): void {
  write(e, node, operator, names(e, node.inputs), attributes, 'com.microsoft')
}

/** An operation that the standard has no operator for. */
function emitOwn(
  e: Emitter,
  node: AnyNode,
  operator: string,
  inputs: readonly string[],
  attributes: Attributes,
): void {
  if (!e.contributed) throw new Error(`${node.operation}: only ONNX Runtime has it, standard ONNX does not`)
  write(e, node, operator, inputs, attributes, 'com.microsoft')
}

/** Those that are set. */
function flags(all: Readonly<Record<string, boolean>>): Attributes {
  return Object.fromEntries(Object.entries(all).flatMap(([name, on]) => (on ? [[name, 1]] : [])))
}

function sizes(e: Emitter, numbers: readonly number[]): string {
  return e.constant(BigInt64Array.from(numbers, BigInt), [numbers.length], 'int64')
}

function reduce(e: Emitter, node: NodeOf<'sum'> | NodeOf<'max'>, operator: string): void {
  const { axes, keep } = node.attributes
  write(e, node, operator, [...names(e, node.inputs), sizes(e, axes)], { keepdims: keep ? 1 : 0 })
}

function lowerRmsNorm(e: Emitter, node: NodeOf<'rmsNorm'>): void {
  const [x, weight] = names(e, node.inputs)
  const [y, inverse] = node.outputs
  const { epsilon } = node.attributes
  if (e.contributed) {
    // The operator has a place for the mean, which it leaves out.
    const outputs = e.isUsed(inverse) ? names(e, [y, inverse]) : names(e, [y])
    const attributes = { axis: -1, epsilon: { float: epsilon }, stash_type: 1 }
    e.emit('SimplifiedLayerNormalization', [x, weight], { outputs, attributes })
    return
  }
  const total = e.emit('ReduceMean', [e.emit('Mul', [x, x]), sizes(e, [-1])], { attributes: { keepdims: 1 } })
  const offset = e.constant(Float32Array.of(epsilon), [], 'float32')
  const root = e.emit('Sqrt', [e.emit('Add', [total, offset])])
  const [yName, inverseName] = names(e, node.outputs)
  e.emit('Reciprocal', [root], { outputs: [inverseName] })
  e.emit('Mul', [e.emit('Mul', [x, inverseName]), weight], { outputs: [yName] })
}

function lowerRotary(e: Emitter, node: NodeOf<'rotary'>): void {
  const [{ shape }, table] = node.inputs
  const [B, , T, size] = shape
  const half = size / 2
  const [x, cos, sin] = names(e, node.inputs)
  const perRow = table.shape.length === 3
  if (e.contributed) {
    const flat = (name: string): string =>
      perRow ? e.emit('Reshape', [name, sizes(e, [B * T, half])]) : name
    const places = Array.from({ length: B * T }, (_, i) => BigInt(perRow ? i : i % T))
    const positions = e.constant(BigInt64Array.from(places), [B, T], 'int64')
    write(e, node, 'RotaryEmbedding', [x, positions, flat(cos), flat(sin)], {}, 'com.microsoft')
    return
  }
  const spread = (name: string): string => (perRow ? e.emit('Unsqueeze', [name, sizes(e, [1])]) : name)
  const cut = (start: number): string =>
    e.emit('Slice', [x, sizes(e, [start]), sizes(e, [start + half]), sizes(e, [3])])
  const [first, second, c, s] = [cut(0), cut(half), spread(cos), spread(sin)]
  const times = (a: string, b: string): string => e.emit('Mul', [a, b])
  const left = e.emit('Sub', [times(first, c), times(second, s)])
  const right = e.emit('Add', [times(second, c), times(first, s)])
  write(e, node, 'Concat', [left, right], { axis: 3 })
}

function lowerDequantise(e: Emitter, node: NodeOf<'dequantise'>): void {
  const [q, scale] = node.inputs
  const attributes = { axis: q.shape.length - 1, block_size: blockSize }
  if (q.type === 'int8') return same(e, node, 'DequantizeLinear', attributes)
  const middle = e.constant(Uint8Array.of(128), [1], 'uint8')
  const zeros = e.emit('Expand', [middle, sizes(e, scale.shape)])
  write(e, node, 'DequantizeLinear', [...names(e, node.inputs), zeros], attributes)
}
