/** What each operation takes and what comes out of it: one rule an operation, which throws where inputs do not fit. */
import {
  checkSizes,
  shapeText,
  sizeOf,
  type ElementType,
  type OperationAttributes,
  type OperationName,
  type Value,
  type ValueType,
} from './graph.ts'

type Inputs = readonly Value[]
type ShapeRules = {
  readonly [K in OperationName]: (inputs: Inputs, attributes: OperationAttributes[K]) => readonly ValueType[]
}

/** Numbers of a block that shares one scale. */
export const blockSize = 32

export const shapeRules: ShapeRules = {
  add: (inputs) => arithmetic('add', inputs),
  subtract: (inputs) => arithmetic('subtract', inputs),
  multiply: (inputs) => arithmetic('multiply', inputs),
  divide: (inputs) => arithmetic('divide', inputs),
  negate: (inputs) => elementwise('negate', inputs),
  exp: (inputs) => elementwise('exp', inputs),
  log: (inputs) => elementwise('log', inputs),
  sqrt: (inputs) => elementwise('sqrt', inputs),
  reciprocal: (inputs) => elementwise('reciprocal', inputs),
  sigmoid: (inputs) => elementwise('sigmoid', inputs),
  silu: (inputs) => elementwise('silu', inputs),
  matmul: ([a, b], { transposeA, transposeB }) => {
    checkTypes('matmul', [a, b], 'float32')
    if (a.shape.length < 2 || b.shape.length < 2) {
      throw misfit('matmul', 'both take two axes or more', [a, b])
    }
    const [rows, innerA] = lastTwo(a.shape, transposeA)
    const [innerB, columns] = lastTwo(b.shape, transposeB)
    const marks = `${transposeA ? ', the first transposed' : ''}${transposeB ? ', the second transposed' : ''}`
    if (innerA !== innerB) throw misfit('matmul', `inner sizes differ${marks}`, [a, b])
    const leading = broadcast('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2), [a, b])
    return [{ shape: [...leading, rows, columns], type: 'float32' }]
  },
  linear: (inputs) => {
    const [x, w, c] = inputs
    checkTypes('linear', inputs, 'float32')
    if (x.shape.length !== 2 || w.shape.length !== 2) {
      throw misfit('linear', 'x is (N,in) and w is (out,in)', [x, w])
    }
    if (x.shape[1] !== w.shape[1]) throw misfit('linear', 'inner sizes differ', [x, w])
    const shape = [x.shape[0], w.shape[0]]
    if (c !== undefined && !broadcastsTo(c.shape, shape)) {
      throw new Error(`linear: c ${shapeText(c.shape)} cannot be added to ${shapeText(shape)}`)
    }
    return [{ shape, type: 'float32' }]
  },
  reshape: ([x], { shape }) => {
    checkSizes('reshape', shape)
    if (sizeOf(shape) === sizeOf(x.shape)) return [{ shape, type: x.type }]
    throw new Error(
      `reshape: ${shapeText(x.shape)} has ${sizeOf(x.shape)} elements, ${shapeText(shape)} takes ${sizeOf(shape)}`,
    )
  },
  transpose: ([x], { permutation }) => {
    const sorted = [...permutation].sort((a, b) => a - b)
    if (sorted.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw misfit('transpose', `[${permutation.join(',')}] is no order of the axes`, [x])
    }
    return [{ shape: permutation.map((axis) => x.shape[axis]), type: x.type }]
  },
  slice: ([x], { axis, start, end }) => {
    const whole = Number.isInteger(start) && Number.isInteger(end)
    if (!whole || start < 0 || end <= start || end > x.shape[axis]) {
      throw misfit('slice', `${start} to ${end} is not within axis ${axis}`, [x])
    }
    return [{ shape: x.shape.with(axis, end - start), type: x.type }]
  },
  pad: ([x], { axis, before, after }) => {
    checkTypes('pad', [x], 'float32')
    if (before < 0 || after < 0 || !Number.isInteger(before) || !Number.isInteger(after)) {
      throw misfit('pad', `cannot put ${before} before and ${after} behind`, [x])
    }
    return [{ shape: x.shape.with(axis, before + x.shape[axis] + after), type: x.type }]
  },
  concat: (inputs, { axis }) => {
    const [first] = inputs
    const fits = ({ shape, type }: Value): boolean =>
      type === first.type &&
      shape.length === first.shape.length &&
      shape.every((size, i) => i === axis || size === first.shape[i])
    if (!inputs.every(fits)) throw misfit('concat', `only axis ${axis} may differ`, inputs)
    const total = inputs.reduce((sum, { shape }) => sum + shape[axis], 0)
    return [{ shape: first.shape.with(axis, total), type: first.type }]
  },
  broadcastTo: ([x], { shape }) => {
    checkSizes('broadcastTo', shape)
    if (broadcastsTo(x.shape, shape)) return [{ shape, type: x.type }]
    throw new Error(`broadcastTo: ${shapeText(x.shape)} does not spread to ${shapeText(shape)}`)
  },
  gather: ([table, indices]) => {
    if (indices.type !== 'int32' && indices.type !== 'int64') {
      throw new Error(`gather: indices are int32 or int64, got ${indices.type}`)
    }
    if (table.shape.length === 0) throw misfit('gather', 'the table has no axis', [table, indices])
    return [{ shape: [...indices.shape, ...table.shape.slice(1)], type: table.type }]
  },
  cast: ([x], { to }) => [{ shape: x.shape, type: to }],
  equal: (inputs) => {
    const [{ shape }] = arithmetic('equal', inputs)
    return [{ shape, type: 'bool' }]
  },
  select: ([condition, a, b]) => {
    if (condition.type !== 'bool') throw new Error(`select: the condition is bool, got ${condition.type}`)
    const [{ shape, type }] = arithmetic('select', [a, b])
    return [{ shape: broadcast('select', condition.shape, shape, [condition, a, b]), type }]
  },
  sum: (inputs, attributes) => reduction('sum', inputs, attributes),
  max: (inputs, attributes) => reduction('max', inputs, attributes),
  softmax: (inputs) => elementwise('softmax', inputs),
  logSoftmax: (inputs) => elementwise('logSoftmax', inputs),
  rmsNorm: (inputs) => {
    const [x, weight] = inputs
    checkTypes('rmsNorm', inputs, 'float32')
    if (weight.shape.length !== 1 || x.shape.at(-1) !== weight.shape[0]) {
      throw misfit('rmsNorm', 'the weight is one number for each place of the last axis', inputs)
    }
    // The second is 1 / root mean square, which the gradient needs.
    return [
      { shape: x.shape, type: 'float32' },
      { shape: withLast(x.shape, 1), type: 'float32' },
    ]
  },
  rotary: (inputs) => {
    const [x, cos, sin] = inputs
    checkTypes('rotary', inputs, 'float32')
    const [B, , T, size] = x.shape
    const tables: readonly string[] = [shapeText([T, size / 2]), shapeText([B, T, size / 2])]
    const fits = x.shape.length === 4 && size % 2 === 0 && tables.includes(shapeText(cos.shape))
    if (!fits || shapeText(cos.shape) !== shapeText(sin.shape)) {
      throw misfit('rotary', 'x is (B,H,T,size), cos and sin (T,size/2) or (B,T,size/2)', inputs)
    }
    return [{ shape: x.shape, type: 'float32' }]
  },
  dequantise: ([q, scale]) => {
    if (q.type !== 'int8' && q.type !== 'uint8') {
      throw new Error(`dequantise: q is int8 or uint8, got ${q.type}`)
    }
    checkTypes('dequantise', [scale], 'float32')
    const columns = q.shape.at(-1) ?? 0
    if (
      columns % blockSize !== 0 ||
      shapeText(scale.shape) !== shapeText(withLast(q.shape, columns / blockSize))
    ) {
      throw misfit('dequantise', `one scale for ${blockSize} numbers of the last axis`, [q, scale])
    }
    return [{ shape: q.shape, type: 'float32' }]
  },
  matmulNBits: (inputs) => {
    const [x, packed, scales, bias] = inputs
    checkTypes('matmulNBits', bias === undefined ? [x, scales] : [x, scales, bias], 'float32')
    checkTypes('matmulNBits', [packed], 'uint8')
    const columns = x.shape.at(-1) ?? 0
    const blocks = Math.ceil(columns / blockSize)
    const rows = packed.shape[0]
    const fits =
      shapeText(packed.shape) === shapeText([rows, blocks, blockSize]) &&
      shapeText(scales.shape) === shapeText([rows, blocks]) &&
      (bias === undefined || shapeText(bias.shape) === shapeText([rows]))
    if (!fits) {
      throw misfit(
        'matmulNBits',
        'x is (...,in), packed (out,in/32,32), scales (out,in/32), bias (out)',
        inputs,
      )
    }
    return [{ shape: withLast(x.shape, rows), type: 'float32' }]
  },
  groupQueryAttention: (inputs, { heads, keyValueHeads }) => {
    const [query, key, value, pastKey, pastValue, lengths, total, cos, sin] = inputs
    checkTypes('groupQueryAttention', [query, key, value, pastKey, pastValue, cos, sin], 'float32')
    checkTypes('groupQueryAttention', [lengths, total], 'int32')
    const [B, T, width] = query.shape
    const size = width / heads
    const [, , places] = pastKey.shape
    const wanted: readonly (readonly number[])[] = [
      [B, T, heads * size],
      [B, T, keyValueHeads * size],
      [B, T, keyValueHeads * size],
      [B, keyValueHeads, places, size],
      [B, keyValueHeads, places, size],
      [B],
      [1],
      [cos.shape[0], size / 2],
      [cos.shape[0], size / 2],
    ]
    if (
      heads % keyValueHeads !== 0 ||
      wanted.some((shape, i) => shapeText(shape) !== shapeText(inputs[i].shape))
    ) {
      throw misfit('groupQueryAttention', `expected ${wanted.map(shapeText).join(' ')}`, inputs)
    }
    return [query, pastKey, pastValue].map(({ shape }) => ({ shape, type: 'float32' as const }))
  },
  argMax: (inputs, { axis }) => {
    const [{ shape }] = elementwise('argMax', inputs)
    return [{ shape: shape.toSpliced(axis, 1), type: 'int64' }]
  },
  topK: (inputs, { k }) => {
    const [{ shape }] = elementwise('topK', inputs)
    if (!Number.isInteger(k) || k < 1 || k > (shape.at(-1) ?? 0)) {
      throw misfit('topK', `the last axis does not have ${k} places`, inputs)
    }
    return [
      { shape: withLast(shape, k), type: 'float32' },
      { shape: withLast(shape, k), type: 'int64' },
    ]
  },
}

function elementwise(operation: OperationName, inputs: Inputs): readonly ValueType[] {
  checkTypes(operation, inputs, 'float32')
  return [{ shape: inputs[0].shape, type: 'float32' }]
}

/** Two arrays of one type, the smaller spread over the larger. */
function arithmetic(operation: OperationName, inputs: Inputs): readonly ValueType[] {
  const [a, b] = inputs
  if (a.type !== b.type) throw new Error(`${operation}: types differ, got ${a.type} and ${b.type}`)
  return [{ shape: broadcast(operation, a.shape, b.shape, inputs), type: a.type }]
}

function reduction(
  operation: OperationName,
  [x]: Inputs,
  { axes, keep }: OperationAttributes['sum'],
): readonly ValueType[] {
  checkTypes(operation, [x], 'float32')
  if (axes.length === 0 || new Set(axes).size !== axes.length) {
    throw misfit(operation, `takes each axis once and at least one, [${axes.join(',')}]`, [x])
  }
  const shape = keep
    ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : x.shape.filter((_, axis) => !axes.includes(axis))
  return [{ shape, type: x.type }]
}

function broadcast(
  operation: OperationName,
  a: readonly number[],
  b: readonly number[],
  inputs: Inputs,
): readonly number[] {
  const axes = Math.max(a.length, b.length)
  return Array.from({ length: axes }, (_, i) => {
    const first = a[i - axes + a.length] ?? 1
    const second = b[i - axes + b.length] ?? 1
    if (first === second || second === 1) return first
    if (first === 1) return second
    throw misfit(operation, 'shapes do not spread over one another', inputs)
  })
}

function broadcastsTo(from: readonly number[], to: readonly number[]): boolean {
  const offset = to.length - from.length
  return offset >= 0 && from.every((size, i) => size === 1 || size === to[offset + i])
}

function lastTwo(shape: readonly number[], transposed: boolean): readonly [number, number] {
  const [rows, columns] = shape.slice(-2)
  return transposed ? [columns, rows] : [rows, columns]
}

function withLast(shape: readonly number[], size: number): readonly number[] {
  return [...shape.slice(0, -1), size]
}

function checkTypes(operation: OperationName, inputs: Inputs, type: ElementType): void {
  const wrong = inputs.find((value) => value.type !== type)
  if (wrong !== undefined) throw new Error(`${operation}: takes ${type}, got ${wrong.type}`)
}

/** "matmul: inner sizes differ, got (4,8) x (6,3)" */
function misfit(operation: OperationName, what: string, inputs: Inputs): Error {
  return new Error(`${operation}: ${what}, got ${inputs.map(({ shape }) => shapeText(shape)).join(' x ')}`)
}
