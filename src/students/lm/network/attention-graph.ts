/** Attention over a batch whose rows share a beginning: the shared tokens among themselves, rows to both. */
import type { Graph, Value } from '../../../engine/graph.ts'
import {
  add,
  broadcastTo,
  concat,
  matmul,
  reshape,
  rmsNorm,
  rotary,
  slice,
  softmax,
  transpose,
} from '../../../engine/operations.ts'
import type { Architecture } from '../types.ts'
import { tokenCount, type BatchShape } from './micro-batch.ts'
import { rotaryTables } from './rotary.ts'

export interface Projections {
  /** (N, H * headSize) */
  readonly q: Value
  /** (N, keyValueHeads * headSize) */
  readonly k: Value
  readonly v: Value
}

type Keep = (name: string, value: Value) => Value

/**
 * Gives (N, H * headSize). Inputs: "cos", "sin", "queryCos", "querySin" and "mask" of the rows, and the same
 * with "shared." before them where there is a shared beginning; `attentionInputs` makes their values.
 */
export function attend(
  g: Graph,
  architecture: Architecture,
  shape: BatchShape,
  projections: Projections,
  keep: Keep,
): Value {
  const { shared: P, rows: B, length: L } = shape
  const N = tokenCount(shape)
  const { q, k, v } = normHeads(g, architecture, N, projections)
  const ownHeads = (from: number): Projections => {
    const own = (x: Value): Value => (from === 0 ? x : slice(g, x, 0, from, N))
    return splitHeads(
      g,
      architecture,
      { q: own(q), k: own(k), v: own(v) },
      { rows: B, length: L, prefix: '' },
    )
  }
  if (P === 0) return attendPart(g, keepAll(ownHeads(0), '', keep), '', keep)
  const cut = (x: Value): Value => slice(g, x, 0, 0, P)
  const first = { rows: 1, length: P, prefix: 'shared.' }
  const sharedHeads = splitHeads(g, architecture, { q: cut(q), k: cut(k), v: cut(v) }, first)
  const shared = keepAll(sharedHeads, 'shared.', keep)
  const own = ownHeads(P)
  const behind = (beginning: Value, rest: Value): Value =>
    concat(g, [broadcastTo(g, beginning, [B, ...beginning.shape.slice(1)]), rest], 2)
  const rows = keepAll({ q: own.q, k: behind(shared.k, own.k), v: behind(shared.v, own.v) }, '', keep)
  return concat(g, [attendPart(g, shared, 'shared.', keep), attendPart(g, rows, '', keep)], 0)
}

/** Qwen3's norms of queries and keys, each head by itself. */
function normHeads(
  g: Graph,
  { headSize, queryKeyNorm, normEpsilon }: Architecture,
  N: number,
  { q, k, v }: Projections,
): Projections {
  if (!queryKeyNorm) return { q, k, v }
  const norm = (x: Value, name: string): Value => {
    const heads = reshape(g, x, [N, x.shape[1] / headSize, headSize])
    return reshape(g, rmsNorm(g, heads, g.input(name, [headSize]), normEpsilon), x.shape)
  }
  return { q: norm(q, 'self_attn.q_norm.weight'), k: norm(k, 'self_attn.k_norm.weight'), v }
}

interface Part {
  readonly rows: number
  readonly length: number
  readonly prefix: string
}

/** q (B, H, L, headSize), k and v (B, keyValueHeads, L, headSize); q and k rotated, q divided by headSize's root. */
function splitHeads(
  g: Graph,
  { headSize }: Architecture,
  { q, k, v }: Projections,
  { rows, length, prefix }: Part,
): Projections {
  const split = (x: Value): Value =>
    transpose(g, reshape(g, x, [rows, length, x.shape[1] / headSize, headSize]), [0, 2, 1, 3])
  const table = (name: string): Value => g.input(`${prefix}${name}`, [length, headSize / 2])
  return {
    q: rotary(g, split(q), table('queryCos'), table('querySin')),
    k: rotary(g, split(k), table('cos'), table('sin')),
    v: split(v),
  }
}

function keepAll({ q, k, v }: Projections, prefix: string, keep: Keep): Projections {
  return { q: keep(`${prefix}q`, q), k: keep(`${prefix}k`, k), v: keep(`${prefix}v`, v) }
}

/**
 * Query heads that share keys and values are laid one after the other along the tokens, so that keys and values
 * are not repeated. Gives (B * L, H * headSize).
 */
function attendPart(g: Graph, { q, k, v }: Projections, prefix: string, keep: Keep): Value {
  const [B, H, L, size] = q.shape
  const [, groups, S] = k.shape
  const shared = H / groups
  const scores = matmul(g, reshape(g, q, [B, groups, shared * L, size]), k, { transposeB: true })
  const mask = g.input(`${prefix}mask`, [L, S])
  const masked = add(g, reshape(g, scores, [B, groups, shared, L, S]), mask)
  const probabilities = keep(`${prefix}probabilities`, softmax(g, masked))
  const context = matmul(g, reshape(g, probabilities, [B, groups, shared * L, S]), v)
  const heads = reshape(g, context, [B, H, L, size])
  return reshape(g, transpose(g, heads, [0, 2, 1, 3]), [B * L, H * size])
}

/** Low enough to be nothing after softmax, and no infinity, which would make NaN of a row of nothing else. */
const hidden = -1e9

/** Values of the inputs that `attend` declares. */
export function attentionInputs(
  architecture: Architecture,
  { shared, length }: BatchShape,
): Readonly<Record<string, Float32Array>> {
  const rows = partInputs(architecture, shared, length)
  if (shared === 0) return rows
  const first = Object.entries(partInputs(architecture, 0, shared))
  return { ...rows, ...Object.fromEntries(first.map(([name, data]) => [`shared.${name}`, data])) }
}

/** Of `length` tokens behind `before` others, all of which they attend to. */
function partInputs(
  architecture: Architecture,
  before: number,
  length: number,
): Readonly<Record<string, Float32Array>> {
  const { cos, sin } = rotaryTables(architecture, before, length)
  const scale = 1 / Math.sqrt(architecture.headSize)
  const mask = new Float32Array(length * (before + length))
  for (let t = 0; t < length; t++) {
    mask.fill(hidden, t * (before + length) + before + t + 1, (t + 1) * (before + length))
  }
  return { cos, sin, queryCos: cos.map((x) => x * scale), querySin: sin.map((x) => x * scale), mask }
}
