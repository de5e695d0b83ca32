import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commonSubsequence } from './common-subsequence.ts'
import { porterStem } from './porter-stem.ts'
import recorded from './reference-values.json' with { type: 'json' }
import { cosine, similarity, type TextMetric } from './similarity.ts'

const names = Object.keys(recorded.pairs[0]).filter((name) => name !== 'text' && name !== 'reference')

describe('similarity', () => {
  it.each(names)('%s agrees with the reference implementation', (name) => {
    const metric = name as TextMetric
    const off = recorded.pairs
      .map((pair) => ({
        text: recorded.texts[pair.text],
        reference: recorded.texts[pair.reference],
        wanted: pair[metric],
      }))
      .map((pair) => ({ ...pair, got: similarity(metric, pair.text, pair.reference) }))
      .filter(({ got, wanted }) => Math.abs(got - wanted) > 1e-7)
    expect(off).toEqual([])
    expect(recorded.pairs.filter((pair) => pair[metric] > 0).length).toBeGreaterThan(10)
  })

  it('stems as the reference implementation does', () => {
    const stems = Object.fromEntries(Object.keys(recorded.stems).map((word) => [word, porterStem(word)]))
    expect(stems).toEqual(recorded.stems)
  })

  it('lies between 0 and 1, whatever the texts', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string(), fc.string(), (name, text, reference) => {
        const score = similarity(name as TextMetric, text, reference)
        expect(score).toBeGreaterThanOrEqual(0)
        expect(score).toBeLessThanOrEqual(1 + 1e-12)
      }),
    )
  })

  it('counts words of every script', () => {
    expect(similarity('rouge_1', 'Größe: ändern', 'größe ändern')).toBe(1)
    expect(similarity('rouge_1', '退款已处理', '退款已拒绝')).toBeCloseTo(0.6)
    expect(similarity('rouge_l', 'Возврат принят', 'возврат отклонён')).toBeCloseTo(0.5)
  })

  it('takes long texts in a moment', () => {
    const long = 'yy ing '.repeat(3_000)
    for (const name of names) expect(similarity(name as TextMetric, long, long)).toBeGreaterThan(0.9)
    expect(porterStem('y'.repeat(100_000))).toHaveLength(100_000)
  })
})

describe('commonSubsequence', () => {
  it('is that of the textbook table', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 80 })
    fc.assert(
      fc.property(text, text, (a, b) => {
        const table = Array.from({ length: a.length + 1 }, () => Array.from(b, () => 0).concat(0))
        for (let i = 1; i <= a.length; i++) {
          for (let j = 1; j <= b.length; j++) {
            table[i][j] =
              a[i - 1] === b[j - 1] ? table[i - 1][j - 1] + 1 : Math.max(table[i - 1][j], table[i][j - 1])
          }
        }
        expect(commonSubsequence(a, b)).toBe(table[a.length][b.length])
      }),
    )
  })
})

describe('cosine', () => {
  it('is 1 in the same direction, 0 at right angles and for nothing', () => {
    expect(cosine([1, 2], [2, 4])).toBeCloseTo(1)
    expect(cosine([1, 0], [0, 3])).toBe(0)
    expect(cosine([0, 0], [1, 1])).toBe(0)
  })
})
