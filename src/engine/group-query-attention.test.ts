/** Attention with kept keys and values against the same thing written out, in float64. */
import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { createGraph, type Graph } from './graph.ts'
import { groupQueryAttention } from './operations.ts'
import { openSession } from './session.ts'

const [heads, keyValueHeads, size, places] = [4, 2, 16, 24]
const half = size / 2

/** T new tokens for each of B rows. */
function attention(B: number, T: number): Graph {
  const g = createGraph()
  const past = [B, keyValueHeads, places, size]
  const inputs = {
    query: g.input('query', [B, T, heads * size]),
    key: g.input('key', [B, T, keyValueHeads * size]),
    value: g.input('value', [B, T, keyValueHeads * size]),
    pastKey: g.input('pastKey', past),
    pastValue: g.input('pastValue', past),
    lengths: g.input('lengths', [B], 'int32'),
    total: g.input('total', [1], 'int32'),
    cos: g.input('cos', [places, half]),
    sin: g.input('sin', [places, half]),
  }
  const outputs = groupQueryAttention(g, inputs, { heads, keyValueHeads })
  g.output('output', outputs.output)
  g.output('presentKey', outputs.presentKey)
  g.output('presentValue', outputs.presentValue)
  return g
}

const random = createRandom(3)
const normal = (length: number): Float32Array => new Float32Array(length).map(() => random.normal())
const angle = (i: number): number => Math.floor(i / half) * 100 ** (-(i % half) / half)
const cos = Float32Array.from({ length: places * half }, (_, i) => Math.cos(angle(i)))
const sin = Float32Array.from({ length: places * half }, (_, i) => Math.sin(angle(i)))

/** The head that starts at `offset`, turned for its position. */
function turned(x: Float32Array, offset: number, position: number): number[] {
  return Array.from({ length: size }, (_, i) => {
    const pair = i % half
    const [c, s] = [cos[position * half + pair], sin[position * half + pair]]
    const [first, second] = [x[offset + pair], x[offset + pair + half]]
    return i < half ? first * c - second * s : second * c + first * s
  })
}

/** What a query gives for keys and values, one of each a token. */
function attend(
  query: readonly number[],
  keys: readonly ArrayLike<number>[],
  values: readonly ArrayLike<number>[],
): number[] {
  const weights = keys.map((key) =>
    Math.exp(query.reduce((dot, q, i) => dot + q * key[i], 0) / Math.sqrt(size)),
  )
  const total = weights.reduce((a, b) => a + b)
  return query.map((_, i) => weights.reduce((mixed, weight, t) => mixed + (weight / total) * values[t][i], 0))
}

const head = (cache: Float32Array, row: number, group: number, token: number): Float32Array => {
  const start = ((row * keyValueHeads + group) * places + token) * size
  return cache.subarray(start, start + size)
}

describe('attention with kept keys and values', () => {
  it('writes each row behind its own past, in the very array that holds the past', async () => {
    const past = [4, 9, 0]
    const B = past.length
    const session = await openSession(attention(B, 1))
    const feeds = {
      query: normal(B * heads * size),
      key: normal(B * keyValueHeads * size),
      value: normal(B * keyValueHeads * size),
      pastKey: normal(B * keyValueHeads * places * size),
      pastValue: normal(B * keyValueHeads * places * size),
      lengths: Int32Array.from(past),
      total: Int32Array.of(10),
      cos,
      sin,
    }
    const before = { key: feeds.pastKey.slice(), value: feeds.pastValue.slice() }
    const outputs = { presentKey: feeds.pastKey, presentValue: feeds.pastValue }
    const { output } = await session.run(feeds, outputs)
    for (const [row, length] of past.entries()) {
      for (let h = 0; h < heads; h++) {
        const group = Math.floor(h / (heads / keyValueHeads))
        const offset = (row * keyValueHeads + group) * size
        const tokens = Array.from({ length }, (_, t) => t)
        const key = turned(feeds.key, offset, length)
        const value = feeds.value.subarray(offset, offset + size)
        const keys = [...tokens.map((t) => head(before.key, row, group, t)), key]
        const values = [...tokens.map((t) => head(before.value, row, group, t)), value]
        const wanted = attend(turned(feeds.query, (row * heads + h) * size, length), keys, values)
        for (const [i, x] of wanted.entries()) {
          expect(Number(output[(row * heads + h) * size + i])).toBeCloseTo(x, 4)
        }
        expect([...head(feeds.pastValue, row, group, length)]).toEqual([...value])
        for (const [i, x] of head(feeds.pastKey, row, group, length).entries())
          expect(x).toBeCloseTo(key[i], 5)
        for (const t of tokens) {
          expect(head(feeds.pastKey, row, group, t)).toEqual(head(before.key, row, group, t))
        }
      }
    }
    await session.close()
  })

  it('takes a beginning in at once as it does token by token', async () => {
    const T = 5
    const [query, key, value] = [heads, keyValueHeads, keyValueHeads].map((n) => normal(T * n * size))
    const empty = (): Float32Array => new Float32Array(keyValueHeads * places * size)
    const run = async (from: number, count: number, pastKey: Float32Array, pastValue: Float32Array) => {
      const session = await openSession(attention(1, count))
      const part = (x: Float32Array, n: number): Float32Array =>
        x.subarray(from * n * size, (from + count) * n * size)
      const feeds = {
        query: part(query, heads),
        key: part(key, keyValueHeads),
        value: part(value, keyValueHeads),
        pastKey,
        pastValue,
        lengths: Int32Array.of(from + count - 1),
        total: Int32Array.of(from + count),
        cos,
        sin,
      }
      const { output } = await session.run(feeds, { presentKey: pastKey, presentValue: pastValue })
      await session.close()
      return [...output].map(Number)
    }
    const whole = await run(0, T, empty(), empty())
    const [keys, values] = [empty(), empty()]
    const parts: number[] = []
    for (let t = 0; t < T; t++) parts.push(...(await run(t, 1, keys, values)))
    for (const [i, x] of whole.entries()) expect(parts[i]).toBeCloseTo(x, 4)
  })
})
