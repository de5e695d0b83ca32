/** Turns tagged rows into numbers: which features there are, at which tokens, and which of their weights are learned. */
import { maxTagFeatures, readTagBag, writeTagFeatures } from '../runtime/tag-features.js'
import { tagWindow } from '../runtime/tagger.js'
import { tagTexts, type TaggedRow } from './tag-rows.ts'

/** A run of at most `tagWindow` tokens of one row. */
export interface Segment {
  readonly length: number
  /** Feature numbers; those of token i are at offsets[i] to offsets[i + 1]. */
  readonly features: Int32Array
  readonly offsets: Int32Array
  /** Feature numbers of the row's different words. */
  readonly bag: Int32Array
  readonly gold: Uint16Array
}

/** The weights there are: those of feature f, for the tags in `pairTags`, are at offsets[f] to offsets[f + 1]. */
export interface WeightLayout {
  readonly hashes: Int32Array
  readonly offsets: Int32Array
  readonly pairTags: Uint8Array
}

export interface EncodedRows {
  readonly segments: readonly Segment[]
  readonly layout: WeightLayout
  /** Rows whose tags are among the rarest of too many. */
  readonly skipped: number
}

/** A feature seen this often has a weight for every tag, else only for the tags it was seen with. */
const denseFrom = 3
/** Below so many rows a feature seen once counts as well. */
const manyRows = 400

interface RawSegment {
  readonly bag: Int32Array
  readonly hashes: Int32Array
  readonly offsets: Int32Array
  readonly gold: Uint16Array
}

/** Encodes rows over the given tags. */
export function encodeRows(
  rows: readonly TaggedRow[],
  tags: readonly string[],
  fieldCount: number,
): EncodedRows {
  const numbers = new Map(tags.map((tag, index) => [tag, index]))
  const raw = rows.map((row) => readSegments(row, numbers, fieldCount))
  const segments = raw.flatMap((list) => list ?? [])
  const { layout, numberOf } = layOut(segments, tags.length, rows.length < manyRows ? 1 : 2)
  return {
    layout,
    segments: segments.map((segment) => numberFeatures(segment, numberOf)),
    skipped: raw.filter((list) => list === null).length,
  }
}

/** null where a tag is not among those to learn. */
function readSegments(
  row: TaggedRow,
  numbers: ReadonlyMap<string, number>,
  fieldCount: number,
): RawSegment[] | null {
  const texts = tagTexts(row, fieldCount)
  if (texts.some((text) => !numbers.has(text))) return null
  const bag = readTagBag(row.tokens)
  const gold = Uint16Array.from(texts, (text) => numbers.get(text) ?? 0)
  const segments: RawSegment[] = []
  for (let from = 0; from < texts.length; from += tagWindow) {
    const to = Math.min(from + tagWindow, texts.length)
    if (texts[from].includes('2')) continue
    segments.push({ bag, gold: gold.slice(from, to), ...readFeatures(row, from, to) })
  }
  return segments
}

function readFeatures(
  { tokens }: TaggedRow,
  from: number,
  to: number,
): Pick<RawSegment, 'hashes' | 'offsets'> {
  const buffer = new Int32Array(maxTagFeatures)
  const hashes = new Int32Array((to - from) * maxTagFeatures)
  const offsets = new Int32Array(to - from + 1)
  let count = 0
  for (let i = from; i < to; i++) {
    const written = writeTagFeatures(tokens, i, buffer)
    for (let k = 0; k < written; k++) if (buffer[k] !== 0) hashes[count++] = buffer[k]
    offsets[i - from + 1] = count
  }
  return { hashes: hashes.slice(0, count), offsets }
}

function layOut(
  segments: readonly RawSegment[],
  tagCount: number,
  minimumCount: number,
): { layout: WeightLayout; numberOf: ReadonlyMap<number, number> } {
  const counts = countFeatures(segments)
  const kept = [...counts].filter(([, count]) => count >= minimumCount)
  const numberOf = new Map(kept.map(([hash], index) => [hash, index]))
  const seen = kept.map(([, count]) => (count >= denseFrom ? null : new Set<number>()))
  const everyTag = Uint8Array.from({ length: tagCount }, (_, tag) => tag)
  for (const { bag, hashes, offsets, gold } of segments) {
    for (let i = 0; i < gold.length; i++) {
      for (let k = offsets[i]; k < offsets[i + 1]; k++) seen[numberOf.get(hashes[k]) ?? -1]?.add(gold[i])
    }
    for (const hash of bag) for (const tag of gold) seen[numberOf.get(hash) ?? -1]?.add(tag)
  }
  const offsets = new Int32Array(kept.length + 1)
  seen.forEach((tags, feature) => (offsets[feature + 1] = offsets[feature] + (tags?.size ?? tagCount)))
  const pairTags = new Uint8Array(offsets[kept.length])
  seen.forEach((tags, feature) =>
    pairTags.set(tags === null ? everyTag : [...tags].sort((a, b) => a - b), offsets[feature]),
  )
  return { layout: { hashes: Int32Array.from(kept, ([hash]) => hash), offsets, pairTags }, numberOf }
}

function countFeatures(segments: readonly RawSegment[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { bag, hashes } of segments) {
    for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1)
    for (const hash of bag) counts.set(hash, (counts.get(hash) ?? 0) + 1)
  }
  return counts
}

function numberFeatures(segment: RawSegment, numberOf: ReadonlyMap<number, number>): Segment {
  const features = new Int32Array(segment.hashes.length)
  const offsets = new Int32Array(segment.offsets.length)
  let count = 0
  for (let i = 0; i < segment.gold.length; i++) {
    for (let k = segment.offsets[i]; k < segment.offsets[i + 1]; k++) {
      const feature = numberOf.get(segment.hashes[k])
      if (feature !== undefined) features[count++] = feature
    }
    offsets[i + 1] = count
  }
  const bag = Int32Array.from(segment.bag, (hash) => numberOf.get(hash) ?? -1).filter(
    (feature) => feature >= 0,
  )
  return { length: segment.gold.length, features: features.slice(0, count), offsets, bag, gold: segment.gold }
}
