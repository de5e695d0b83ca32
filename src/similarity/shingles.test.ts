import { expect, it } from 'vitest'
import { jaccard, shinglesOf } from './shingles.ts'

const shingles = (text: string): Uint32Array => shinglesOf(text) ?? new Uint32Array()

it('cuts a text into sorted pieces, each once', () => {
  // 22 windows over 26 characters, of which six are "aaaaa".
  const pieces = shingles('aaaaaaaaaa bcdefghijklmn')
  expect(pieces).toEqual(new Uint32Array([...new Set(pieces)].sort((a, b) => a - b)))
  expect(pieces.length).toBe(17)
})

it('says nothing about texts of few pieces', () => {
  expect(shinglesOf('')).toBeNull()
  expect(shinglesOf('where is my card')).toBeNull()
  expect(shinglesOf('ok '.repeat(100).trim())).toBeNull()
  expect(shinglesOf('where is my new card')).not.toBeNull()
})

it('measures the share of pieces in common', () => {
  const [a, b] = [shingles('where is my new card today'), shingles('where is my new card tonight')]
  const union = new Set([...a, ...b])
  const both = a.filter((piece) => b.includes(piece))
  expect(jaccard(a, b, 0)).toBe(both.length / union.size)
  expect(jaccard(a, b, both.length / union.size)).toBe(both.length / union.size)
  expect(jaccard(a, b, both.length / union.size + 0.01)).toBe(0)
  expect(jaccard(a, a, 1)).toBe(1)
})
