/**
 * The gradient of each operation: one rule an operation. A rule gets `dy`, the gradient of the loss with respect to
 * the node's first output, and gives one for each input; null where there is none.
 */
import { sizeOf, type Graph, type NodeOf, type OperationName, type Value } from './graph.ts'
import {
  add,
  broadcastTo,
  cast,
  divide,
  equal,
  exp,
  matmul,
  mean,
  multiply,
  negate,
  oneHot,
  pad,
  reshape,
  rotary,
  scale,
  select,
  sigmoid,
  slice,
  subtract,
  sum,
  transpose,
} from './operations.ts'

type Rule<K extends OperationName> = (g: Graph, node: NodeOf<K>, dy: Value) => readonly (Value | null)[]
type GradientRules = { readonly [K in OperationName]: Rule<K> | 'not differentiable' }

export const gradientRules: GradientRules = {
  add: (g, { inputs: [a, b] }, dy) => [gathered(g, dy, a), gathered(g, dy, b)],
  subtract: (g, { inputs: [a, b] }, dy) => [gathered(g, dy, a), negate(g, gathered(g, dy, b))],
  multiply: (g, { inputs: [a, b] }, dy) => [
    gathered(g, multiply(g, dy, b), a),
    gathered(g, multiply(g, dy, a), b),
  ],
  divide: (g, { inputs: [a, b], outputs: [y] }, dy) => {
    const da = divide(g, dy, b)
    return [gathered(g, da, a), negate(g, gathered(g, multiply(g, da, y), b))]
  },
  negate: (g, _, dy) => [negate(g, dy)],
  exp: (g, { outputs: [y] }, dy) => [multiply(g, dy, y)],
  log: (g, { inputs: [x] }, dy) => [divide(g, dy, x)],
  sqrt: (g, { outputs: [y] }, dy) => [scale(g, divide(g, dy, y), 0.5)],
  reciprocal: (g, { outputs: [y] }, dy) => [negate(g, multiply(g, dy, multiply(g, y, y)))],
  sigmoid: (g, { outputs: [y] }, dy) => [multiply(g, dy, multiply(g, y, complement(g, y)))],
  silu: (g, { inputs: [x], outputs: [y] }, dy) => {
    const s = sigmoid(g, x)
    return [multiply(g, dy, add(g, s, multiply(g, y, complement(g, s))))]
  },
  matmul: (g, { inputs: [a, b], attributes }, dy) => {
    const { transposeA, transposeB } = attributes
    const da = transposeA
      ? matmul(g, b, dy, { transposeA: transposeB, transposeB: true })
      : matmul(g, dy, b, { transposeB: !transposeB })
    const db = transposeB
      ? matmul(g, dy, a, { transposeA: true, transposeB: transposeA })
      : matmul(g, a, dy, { transposeA: !transposeA })
    return [gathered(g, da, a), gathered(g, db, b)]
  },
  linear: (g, { inputs: [x, w, c] }, dy) => [
    matmul(g, dy, w),
    matmul(g, dy, x, { transposeA: true }),
    ...(c === undefined ? [] : [gathered(g, dy, c)]),
  ],
  reshape: (g, { inputs: [x] }, dy) => [reshape(g, dy, x.shape)],
  transpose: (g, { attributes: { permutation } }, dy) => [
    transpose(
      g,
      dy,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  slice: (g, { inputs: [x], attributes: { axis, start, end } }, dy) => [
    pad(g, dy, axis, start, x.shape[axis] - end),
  ],
  pad: (g, { inputs: [x], attributes: { axis, before } }, dy) => [
    slice(g, dy, axis, before, before + x.shape[axis]),
  ],
  concat: (g, { inputs, attributes: { axis } }, dy) => {
    let start = 0
    return inputs.map(({ shape }) => {
      start += shape[axis]
      return slice(g, dy, axis, start - shape[axis], start)
    })
  },
  broadcastTo: (g, { inputs: [x] }, dy) => [gathered(g, dy, x)],
  gather: (g, { inputs: [table, indices] }, dy) => {
    const [rows, ...rest] = table.shape
    const count = sizeOf(indices.shape)
    const chosen = oneHot(g, reshape(g, indices, [count]), rows)
    const flat = matmul(g, chosen, reshape(g, dy, [count, sizeOf(rest)]), { transposeA: true })
    return [reshape(g, flat, table.shape), null]
  },
  cast: 'not differentiable',
  equal: 'not differentiable',
  select: (g, { inputs: [condition, a, b] }, dy) => {
    const zero = g.constant([0], [])
    return [
      null,
      gathered(g, select(g, condition, dy, zero), a),
      gathered(g, select(g, condition, zero, dy), b),
    ]
  },
  sum: (g, { inputs: [x], attributes: { axes } }, dy) => [broadcastTo(g, unreduced(g, dy, x, axes), x.shape)],
  max: (g, { inputs: [x], outputs: [y], attributes: { axes } }, dy) => {
    const isLargest = cast(g, equal(g, x, unreduced(g, y, x, axes)), 'float32')
    const share = divide(g, unreduced(g, dy, x, axes), sum(g, isLargest, { axes, keep: true }))
    return [multiply(g, isLargest, share)]
  },
  softmax: (g, { outputs: [y], attributes: { axis } }, dy) => {
    const common = sum(g, multiply(g, dy, y), { axes: [axis], keep: true })
    return [multiply(g, y, subtract(g, dy, common))]
  },
  logSoftmax: (g, { outputs: [y], attributes: { axis } }, dy) => {
    const total = sum(g, dy, { axes: [axis], keep: true })
    return [subtract(g, dy, multiply(g, exp(g, y), total))]
  },
  // With n = x / root mean square: dx = (dn - n * mean(dn * n)) / root mean square.
  rmsNorm: (g, { inputs: [x, weight], outputs: [, inverse] }, dy) => {
    const n = multiply(g, x, inverse)
    const dn = multiply(g, dy, weight)
    const common = mean(g, multiply(g, dn, n), { axes: [-1], keep: true })
    const dx = multiply(g, inverse, subtract(g, dn, multiply(g, n, common)))
    return [dx, gathered(g, multiply(g, dy, n), weight)]
  },
  // A turn by an angle is undone by the turn by its negative.
  rotary: (g, { inputs: [, cos, sin] }, dy) => [rotary(g, dy, cos, negate(g, sin)), null, null],
  dequantise: 'not differentiable',
  matmulNBits: 'not differentiable',
  groupQueryAttention: 'not differentiable',
  argMax: 'not differentiable',
  topK: 'not differentiable',
}

function complement(g: Graph, x: Value): Value {
  return subtract(g, g.constant([1], []), x)
}

/** The other way of spreading an array over a larger one: sums over the axes that `target` does not have. */
function gathered(g: Graph, gradient: Value, target: Value): Value {
  const added = gradient.shape.length - target.shape.length
  const axes = gradient.shape.flatMap((size, axis) => {
    return axis < added || (target.shape[axis - added] === 1 && size !== 1) ? [axis] : []
  })
  const total = axes.length === 0 ? gradient : sum(g, gradient, { axes })
  return reshape(g, total, target.shape)
}

/** What a reduction made of x, with the reduced axes back as size 1. */
function unreduced(g: Graph, reduced: Value, x: Value, axes: readonly number[]): Value {
  return reshape(
    g,
    reduced,
    x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  )
}
