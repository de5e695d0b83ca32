import { expect, it } from 'vitest'
import type { Architecture } from '../types.ts'
import { createKeyValueCache } from './key-value-cache.ts'
import { createRows } from './rows.ts'

const architecture: Architecture = {
  family: 'llama',
  vocabularySize: 1000,
  hiddenSize: 4,
  layers: 1,
  heads: 2,
  keyValueHeads: 1,
  headSize: 2,
  feedForwardSize: 4,
  contextLength: 4096,
  normEpsilon: 1e-6,
  ropeTheta: 10_000,
  tiedEmbeddings: true,
  attentionBias: false,
  queryKeyNorm: false,
}

/** Rows over a cache whose keys are the tokens themselves, as if the network had computed them. */
function openRows(count: number) {
  const cache = createKeyValueCache(architecture, count)
  const rows = createRows(cache, architecture, 4096)
  const write = (row: number, tokens: readonly number[], from: number): void => {
    const key = Float32Array.from(tokens.slice(from).flatMap((token) => [token, -token]))
    const fresh = { key, value: key, tokens: tokens.length - from }
    cache.append(0, row, from, tokens.length - from, fresh, 0)
    rows.hold(row, tokens.length)
  }
  /** Begins a row and computes what it lacks; gives how much it had. */
  const begin = (tokens: readonly number[], inUse: number): number => {
    rows.fit(tokens.length, inUse)
    const shared = rows.take(tokens, tokens.length - 1, inUse)
    write(inUse, tokens, shared)
    return shared
  }
  const tokensOf = (row: number, length: number): number[] => {
    const { key } = cache.view(0, row, 1)
    return Array.from({ length }, (_, i) => key[2 * i])
  }
  return { cache, rows, begin, tokensOf }
}

const prompt = (task: number, question: number): number[] => [
  ...Array.from({ length: 20 }, (_, i) => task * 100 + i),
  question,
  question,
]

it('starts from what another row has of the same beginning', () => {
  const { begin, tokensOf } = openRows(3)
  expect(begin(prompt(1, 500), 0)).toBe(0)
  expect(begin(prompt(1, 600), 1)).toBe(20)
  expect(begin(prompt(2, 600), 2)).toBe(0)
  expect(tokensOf(1, 22)).toEqual(prompt(1, 600))
  expect(tokensOf(0, 22)).toEqual(prompt(1, 500))
})

it('computes the last token again where all are known', () => {
  const { begin, rows } = openRows(1)
  begin(prompt(1, 500), 0)
  rows.leave(0, 1)
  expect(begin(prompt(1, 500), 0)).toBe(21)
})

it('moves the last row into the place of one that leaves', () => {
  const { begin, rows, tokensOf } = openRows(3)
  for (const row of [0, 1, 2]) begin(prompt(row + 1, 500), row)
  rows.leave(0, 3)
  expect(tokensOf(0, 22)).toEqual(prompt(3, 500))
  expect(tokensOf(1, 22)).toEqual(prompt(2, 500))
})

it('remembers the beginnings of several tasks that take turns in one row', () => {
  const { begin, rows, tokensOf } = openRows(3)
  const shared = [1, 2, 3, 1, 2, 3, 1].map((task, turn) => {
    const had = begin(prompt(task, 500 + turn), 0)
    expect(tokensOf(0, 22)).toEqual(prompt(task, 500 + turn))
    rows.leave(0, 1)
    return had
  })
  expect(shared).toEqual([0, 0, 0, 20, 20, 20, 20])
})

it('keeps what rows hold when it grows and, cut off, when it shrinks', () => {
  const { begin, rows, cache, tokensOf } = openRows(2)
  const long = Array.from({ length: 900 }, (_, i) => i)
  begin(prompt(1, 500), 0)
  begin(long, 1)
  expect(tokensOf(0, 22)).toEqual(prompt(1, 500))
  expect(cache.places).toBeGreaterThanOrEqual(900)
  rows.leave(1, 2)
  rows.fit(30, 1)
  expect(cache.places).toBeLessThan(100)
  expect(tokensOf(0, 22)).toEqual(prompt(1, 500))
  expect(rows.take(long, 899, 1)).toBe(cache.places)
})

it('uses fewer rows where they would take too much memory, but always one', () => {
  const large = { ...architecture, layers: 28, keyValueHeads: 8, headSize: 128 }
  const rows = createRows(createKeyValueCache(architecture, 16), large, 32_768)
  expect(rows.limit(512)).toBe(16)
  // 28 layers, keys and values, 8 heads of 128 numbers of 4 bytes: 224 KiB a token.
  expect(rows.limit(2048)).toBe(4)
  expect(rows.limit(32_768)).toBe(1)
})
