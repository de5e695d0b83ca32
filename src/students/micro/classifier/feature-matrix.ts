/** The vocabulary learnt from training texts, and texts as rows of a sparse matrix. */
import {
  createFeatureBuffer,
  hashFeatures,
  indexVocabulary,
  vectorise,
  type Vocabulary,
} from '../runtime/features.js'

/** Rows of features in compressed form: row i holds entries `starts[i]` to `starts[i + 1]`. */
export interface FeatureMatrix {
  readonly rows: number
  readonly starts: Int32Array
  readonly indices: Int32Array
  readonly values: Float32Array
  /** (rows) squared length of each row */
  readonly squares: Float32Array
  /** Entries of the row that has most. */
  readonly longestRow: number
}

/** Where there are more features than this, those that occur in one text only are left out. */
const mostWithSingles = 30_000

/**
 * The features of the texts, at most `limit`, the most frequent first. Inverse document frequency is
 * ln((1 + n) / (1 + texts with the feature)) + 1.
 */
export function learnVocabulary(texts: readonly string[], limit: number): Vocabulary {
  const words = new Map<number, number>()
  const grams = new Map<number, number>()
  countRows(texts, words, grams)
  const floor = frequencyFloor([...words.values(), ...grams.values()], limit)
  const wordFeatures = [...words].filter(([, rows]) => rows >= floor)
  const features = [...wordFeatures, ...[...grams].filter(([, rows]) => rows >= floor)]
  const hashes = Uint32Array.from(features, ([hash]) => hash)
  return {
    size: features.length,
    wordFeatures: wordFeatures.length,
    hashes,
    idf: Float32Array.from(features, ([, rows]) => Math.log((1 + texts.length) / (1 + rows)) + 1),
    slots: indexVocabulary(hashes),
  }
}

/** The number of texts that a feature must occur in. */
function frequencyFloor(frequencies: readonly number[], limit: number): number {
  const least = frequencies.length > mostWithSingles ? 2 : 1
  if (frequencies.length <= limit) return least
  const sorted = Int32Array.from(frequencies).sort()
  return Math.max(least, sorted[sorted.length - limit - 1] + 1)
}

function countRows(texts: readonly string[], words: Map<number, number>, grams: Map<number, number>): void {
  const buffer = createFeatureBuffer(0)
  const lastSeen = new Map<number, number>()
  texts.forEach((text, row) => {
    hashFeatures(text, buffer)
    for (let i = 0; i < buffer.count; i++) {
      const hash = buffer.hashes[i]
      if (lastSeen.get(hash) === row) continue
      lastSeen.set(hash, row)
      const counts = i < buffer.wordCount ? words : grams
      counts.set(hash, (counts.get(hash) ?? 0) + 1)
    }
  })
}

export function vectoriseAll(vocabulary: Vocabulary, texts: readonly string[]): FeatureMatrix {
  const buffer = createFeatureBuffer(vocabulary.size)
  const starts = new Int32Array(texts.length + 1)
  let indices = new Int32Array(texts.length * 256)
  let values = new Float32Array(texts.length * 256)
  texts.forEach((text, row) => {
    vectorise(vocabulary, text, buffer)
    const end = starts[row] + buffer.length
    if (end > indices.length) {
      indices = enlarged(indices, new Int32Array(end * 2))
      values = enlarged(values, new Float32Array(end * 2))
    }
    indices.set(buffer.indices.subarray(0, buffer.length), starts[row])
    values.set(buffer.values.subarray(0, buffer.length), starts[row])
    starts[row + 1] = end
  })
  const end = starts[texts.length]
  const squares = new Float32Array(texts.length)
  let longestRow = 0
  for (let row = 0; row < texts.length; row++) {
    longestRow = Math.max(longestRow, starts[row + 1] - starts[row])
    for (let i = starts[row]; i < starts[row + 1]; i++) squares[row] += values[i] * values[i]
  }
  return {
    rows: texts.length,
    starts,
    indices: indices.slice(0, end),
    values: values.slice(0, end),
    squares,
    longestRow,
  }
}

function enlarged<Values extends Int32Array | Float32Array>(from: Values, to: Values): Values {
  to.set(from)
  return to
}
