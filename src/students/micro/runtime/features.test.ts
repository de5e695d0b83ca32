import { describe, expect, it } from 'vitest'
import { learnVocabulary } from '../classifier/feature-matrix.ts'
import { createFeatureBuffer, hashFeatures, vectorise } from './features.js'

function featuresOf(text: string): { words: number[]; grams: number[] } {
  const buffer = createFeatureBuffer(0)
  hashFeatures(text, buffer)
  return {
    words: [...buffer.hashes.subarray(0, buffer.wordCount)],
    grams: [...buffer.hashes.subarray(buffer.wordCount, buffer.count)],
  }
}

describe('hashFeatures', () => {
  it('makes words, pairs, and marked first and last ones', () => {
    // a b c: 3 words, 2 pairs, first pair, first word, last word, last pair
    expect(new Set(featuresOf('red green blue').words).size).toBe(9)
    expect(featuresOf('red').words.length).toBe(3)
  })

  it('makes 2- to 5-grams of each piece between spaces, with a space at either end', () => {
    // " ab ": ' a', ' ab', ' ab ', 'ab', 'ab ', 'b '
    expect(featuresOf('ab').grams.length).toBe(6)
    expect(featuresOf('ab cd').grams.length).toBe(12)
  })

  it('ignores case, composition and kinds of white space', () => {
    expect(featuresOf(' CAF\u00c9  noir\n')).toEqual(featuresOf('cafe\u0301 noir'))
  })

  it('tells punctuation runs apart', () => {
    expect(featuresOf('now!!').words).not.toEqual(featuresOf('now!').words)
  })

  it('finds nothing in nothing', () => {
    expect(featuresOf(' \t')).toEqual({ words: [], grams: [] })
  })

  it('hardly ever gives two n-grams one hash', () => {
    const pairs = Array.from({ length: 20_000 }, (_, i) => `w${i}`)
    const hashes = new Set(pairs.map((word) => featuresOf(word).words[0]))
    expect(hashes.size).toBeGreaterThan(19_998)
  })
})

describe('vectorise', () => {
  const vocabulary = learnVocabulary(['red green', 'red blue', 'red'], 1000)

  it('scales words and characters to length 1 each, rarer ones higher', () => {
    const buffer = createFeatureBuffer(vocabulary.size)
    vectorise(vocabulary, 'red green', buffer)
    const squares = (words: boolean): number =>
      [...buffer.values.subarray(0, buffer.length)]
        .filter((_, i) => buffer.indices[i] < vocabulary.wordFeatures === words)
        .reduce((sum, value) => sum + value * value, 0)
    expect(squares(true)).toBeCloseTo(1, 5)
    expect(squares(false)).toBeCloseTo(1, 5)
    const valueOf = (word: string): number => {
      const feature = vocabulary.hashes.indexOf(featuresOf(word).words[0])
      return buffer.values[buffer.indices.indexOf(feature)]
    }
    expect(valueOf('green')).toBeGreaterThan(valueOf('red'))
  })

  it('gives each known feature once, and none for unknown text', () => {
    const buffer = createFeatureBuffer(vocabulary.size)
    vectorise(vocabulary, 'red red red green', buffer)
    const indices = [...buffer.indices.subarray(0, buffer.length)]
    expect(new Set(indices).size).toBe(indices.length)
    vectorise(vocabulary, '§§', buffer)
    expect(buffer.length).toBe(0)
  })
})

describe('learnVocabulary', () => {
  it('keeps the most frequent features within its limit', () => {
    const vocabulary = learnVocabulary(['red green', 'red blue', 'red'], 20)
    expect(vocabulary.size).toBeLessThanOrEqual(20)
    expect(vocabulary.hashes).toContain(featuresOf('red').words[0])
    expect(vocabulary.hashes).not.toContain(featuresOf('blue').words[0])
  })

  it('learns nothing from no text', () => {
    expect(learnVocabulary([], 20).size).toBe(0)
  })
})
