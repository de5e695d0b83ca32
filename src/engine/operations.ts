/**
 * The operations, as functions that add one to a graph. Shapes are checked at once: "matmul: inner sizes differ,
 * got (4,8) x (6,3)". Axes may be counted from the end with negative numbers.
 */
import {
  shapeText,
  sizeOf,
  type ElementType,
  type Graph,
  type GroupQueryAttention,
  type OperationAttributes,
  type OperationName,
  type Value,
} from './graph.ts'
import { shapeRules } from './shape-rules.ts'

function apply<K extends OperationName>(
  g: Graph,
  operation: K,
  inputs: readonly Value[],
  attributes: OperationAttributes[K],
): readonly Value[] {
  return g.append(operation, inputs, attributes, shapeRules[operation](inputs, attributes))
}

function axisOf(place: OperationName, { shape }: Value, axis: number): number {
  const counted = axis < 0 ? axis + shape.length : axis
  if (Number.isInteger(counted) && counted >= 0 && counted < shape.length) return counted
  throw new Error(`${place}: there is no axis ${axis} in ${shapeText(shape)}`)
}

// Element by element; the smaller of two arrays is spread over the larger as in NumPy.

export function add(g: Graph, a: Value, b: Value): Value {
  return apply(g, 'add', [a, b], {})[0]
}

export function subtract(g: Graph, a: Value, b: Value): Value {
  return apply(g, 'subtract', [a, b], {})[0]
}

export function multiply(g: Graph, a: Value, b: Value): Value {
  return apply(g, 'multiply', [a, b], {})[0]
}

export function divide(g: Graph, a: Value, b: Value): Value {
  return apply(g, 'divide', [a, b], {})[0]
}

/** x times a number that is fixed when the graph is built. */
export function scale(g: Graph, x: Value, factor: number): Value {
  return multiply(g, x, g.constant([factor], []))
}

export function negate(g: Graph, x: Value): Value {
  return apply(g, 'negate', [x], {})[0]
}

export function exp(g: Graph, x: Value): Value {
  return apply(g, 'exp', [x], {})[0]
}

/** The natural logarithm. */
export function log(g: Graph, x: Value): Value {
  return apply(g, 'log', [x], {})[0]
}

export function sqrt(g: Graph, x: Value): Value {
  return apply(g, 'sqrt', [x], {})[0]
}

export function square(g: Graph, x: Value): Value {
  return multiply(g, x, x)
}

export function reciprocal(g: Graph, x: Value): Value {
  return apply(g, 'reciprocal', [x], {})[0]
}

export function sigmoid(g: Graph, x: Value): Value {
  return apply(g, 'sigmoid', [x], {})[0]
}

/** x * sigmoid(x) */
export function silu(g: Graph, x: Value): Value {
  return apply(g, 'silu', [x], {})[0]
}

/** Where two arrays of numbers are the same: bool. */
export function equal(g: Graph, a: Value, b: Value): Value {
  return apply(g, 'equal', [a, b], {})[0]
}

/** `a` where the bool `condition` holds, else `b`. */
export function select(g: Graph, condition: Value, a: Value, b: Value): Value {
  return apply(g, 'select', [condition, a, b], {})[0]
}

export function cast(g: Graph, x: Value, to: ElementType): Value {
  return x.type === to ? x : apply(g, 'cast', [x], { to })[0]
}

// Products.

/** (..., n, k) x (..., k, m) gives (..., n, m); leading axes are spread over one another. */
export function matmul(
  g: Graph,
  a: Value,
  b: Value,
  {
    transposeA = false,
    transposeB = false,
  }: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {},
): Value {
  return apply(g, 'matmul', [a, b], { transposeA, transposeB })[0]
}

/** x (N,in) times w (out,in) transposed, plus c: (N,out), (1,out) or (out). */
export function linear(g: Graph, x: Value, w: Value, c?: Value): Value {
  return apply(g, 'linear', c === undefined ? [x, w] : [x, w, c], {})[0]
}

// Shapes.

export function reshape(g: Graph, x: Value, shape: readonly number[]): Value {
  return shapeText(shape) === shapeText(x.shape) ? x : apply(g, 'reshape', [x], { shape: [...shape] })[0]
}

/** Axis i of the result is axis permutation[i] of x. */
export function transpose(g: Graph, x: Value, permutation: readonly number[]): Value {
  return apply(g, 'transpose', [x], { permutation: [...permutation] })[0]
}

/** The places from `start` up to `end`, which is not part of it. */
export function slice(g: Graph, x: Value, axis: number, start: number, end: number): Value {
  return apply(g, 'slice', [x], { axis: axisOf('slice', x, axis), start, end })[0]
}

/** Zeros before and behind. */
export function pad(g: Graph, x: Value, axis: number, before: number, after: number): Value {
  return apply(g, 'pad', [x], { axis: axisOf('pad', x, axis), before, after })[0]
}

export function concat(g: Graph, values: readonly Value[], axis: number): Value {
  if (values.length === 0) throw new Error('concat: takes at least one array, got none')
  if (values.length === 1) return values[0]
  return apply(g, 'concat', values, { axis: axisOf('concat', values[0], axis) })[0]
}

export function broadcastTo(g: Graph, x: Value, shape: readonly number[]): Value {
  return shapeText(shape) === shapeText(x.shape) ? x : apply(g, 'broadcastTo', [x], { shape: [...shape] })[0]
}

/**
 * Rows of the table: (V, ...) with indices (...) gives (..., ...). The gradient of the table is a product with
 * one-hot rows, so its cost grows with V: for large tables add up the rows outside the graph instead.
 */
export function gather(g: Graph, table: Value, indices: Value): Value {
  return apply(g, 'gather', [table, indices], {})[0]
}

/** Indices (...), int32 or int64, give float32 (..., depth): 1 at the index, 0 elsewhere. */
export function oneHot(g: Graph, indices: Value, depth: number): Value {
  const places = g.constant(
    Array.from({ length: depth }, (_, i) => i),
    [depth],
    indices.type,
  )
  return cast(g, equal(g, reshape(g, indices, [...indices.shape, 1]), places), 'float32')
}

// Reductions: over all axes when none are named; axes with `keep` stay with size 1.

interface ReductionOptions {
  readonly axes?: readonly number[]
  readonly keep?: boolean
}

function reductionOf(
  place: 'sum' | 'max',
  x: Value,
  { axes, keep = false }: ReductionOptions,
): OperationAttributes['sum'] {
  return { axes: axes?.map((axis) => axisOf(place, x, axis)) ?? x.shape.map((_, axis) => axis), keep }
}

export function sum(g: Graph, x: Value, options: ReductionOptions = {}): Value {
  if (x.shape.length === 0) return x
  return apply(g, 'sum', [x], reductionOf('sum', x, options))[0]
}

export function mean(g: Graph, x: Value, options: ReductionOptions = {}): Value {
  const total = sum(g, x, options)
  return scale(g, total, sizeOf(total.shape) / sizeOf(x.shape))
}

/** Where several places are the largest, they share the gradient. */
export function max(g: Graph, x: Value, options: ReductionOptions = {}): Value {
  if (x.shape.length === 0) return x
  return apply(g, 'max', [x], reductionOf('max', x, options))[0]
}

// Networks.

export function softmax(g: Graph, x: Value, axis = -1): Value {
  return apply(g, 'softmax', [x], { axis: axisOf('softmax', x, axis) })[0]
}

export function logSoftmax(g: Graph, x: Value, axis = -1): Value {
  return apply(g, 'logSoftmax', [x], { axis: axisOf('logSoftmax', x, axis) })[0]
}

/** x / sqrt(mean(x^2) + epsilon) * weight over the last axis (Zhang and Sennrich 2019). */
export function rmsNorm(g: Graph, x: Value, weight: Value, epsilon: number): Value {
  return apply(g, 'rmsNorm', [x, weight], { epsilon })[0]
}

/**
 * Turns pairs (i, i + size/2) of x (B,H,T,size) by angles (Su et al. 2021, in the half-rotation layout). `cos` and
 * `sin` are (T,size/2) or (B,T,size/2) and get no gradient.
 */
export function rotary(g: Graph, x: Value, cos: Value, sin: Value): Value {
  return apply(g, 'rotary', [x, cos, sin], {})[0]
}

/** q (...,in) as int8, or uint8 with 128 for zero, times scale (...,in/32). Gets no gradient. */
export function dequantise(g: Graph, q: Value, scale: Value): Value {
  return apply(g, 'dequantise', [q, scale], {})[0]
}

// Inference only.

/**
 * x (...,in) times an 8-bit matrix transposed, plus a bias (out), in 8-bit arithmetic: x is quantised too.
 * `packed` (out,in/32,32) and `scales` (out,in/32) are constants made of `quantise8`'s arrays.
 */
export function matmulNBits(g: Graph, x: Value, packed: Value, scales: Value, bias?: Value): Value {
  return apply(g, 'matmulNBits', bias === undefined ? [x, packed, scales] : [x, packed, scales, bias], {})[0]
}

export interface AttentionInputs {
  /** (B,T,heads*size): T new tokens a row */
  readonly query: Value
  /** (B,T,keyValueHeads*size) */
  readonly key: Value
  readonly value: Value
  /** (B,keyValueHeads,places,size) */
  readonly pastKey: Value
  readonly pastValue: Value
  /** int32 (B): tokens of a row, the new ones counted, less 1. */
  readonly lengths: Value
  /** int32 (1): tokens of the longest row, the new ones counted; at most `places`. */
  readonly total: Value
  /** (positions,size/2) */
  readonly cos: Value
  readonly sin: Value
}

export interface AttentionOutputs {
  /** (B,T,heads*size) */
  readonly output: Value
  /** The past with the new tokens behind it. */
  readonly presentKey: Value
  readonly presentValue: Value
}

/**
 * Causal attention of new tokens to themselves and to kept ones, with rotary embedding. Give `run` one array both
 * as a past input and as its present output, and the new tokens are written into it without a copy.
 */
export function groupQueryAttention(
  g: Graph,
  { query, key, value, pastKey, pastValue, lengths, total, cos, sin }: AttentionInputs,
  attributes: GroupQueryAttention,
): AttentionOutputs {
  const inputs = [query, key, value, pastKey, pastValue, lengths, total, cos, sin]
  const [output, presentKey, presentValue] = apply(g, 'groupQueryAttention', inputs, attributes)
  return { output, presentKey, presentValue }
}

/** int64; the axis goes. The first of equals. */
export function argMax(g: Graph, x: Value, axis = -1): Value {
  return apply(g, 'argMax', [x], { axis: axisOf('argMax', x, axis) })[0]
}

/** The k largest of the last axis, largest first, and their int64 places. */
export function topK(g: Graph, x: Value, k: number): { readonly values: Value; readonly indices: Value } {
  const [values, indices] = apply(g, 'topK', [x], { k })
  return { values, indices }
}
