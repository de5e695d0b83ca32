import { expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { foldText } from './fold-text.ts'
import { findNearDuplicates } from './near-duplicates.ts'
import { jaccard, shinglesOf } from './shingles.ts'

const random = createRandom(7)
const word = (): string =>
  Array.from({ length: 3 + random.below(6) }, () => String.fromCharCode(97 + random.below(26))).join('')
const words = Array.from({ length: 400 }, word)
const sentence = (length: number): string[] => Array.from({ length }, () => words[random.below(words.length)])

/** Sentences followed by variants of them in which one word in `every` is another. */
function withVariants(count: number, every: number): string[] {
  return Array.from({ length: count }, () => sentence(20 + random.below(20))).flatMap((tokens) => [
    tokens.join(' '),
    tokens.map((token) => (random.below(every) === 0 ? word() : token)).join(' '),
  ])
}

const same = (texts: readonly string[]): { text: string; label: string }[] =>
  texts.map((text) => ({ text, label: '' }))

function similarity(a: string, b: string): number {
  const [first, second] = [shinglesOf(foldText(a)), shinglesOf(foldText(b))]
  return first === null || second === null ? 0 : jaccard(first, second, 0)
}

it('finds what comparing every pair finds, but for one pair in a hundred at most', () => {
  for (const [threshold, every] of [
    [0.7, 7],
    [0.9, 20],
  ]) {
    const texts = withVariants(700, every)
    const found = findNearDuplicates(same(texts), threshold)
    const truth = texts.map(
      (text, index) => index % 2 === 1 && similarity(text, texts[index - 1]) >= threshold,
    )
    const expected = truth.filter(Boolean).length
    expect(expected).toBeGreaterThan(150)
    expect(found.filter((match, index) => match !== null && !truth[index])).toEqual([])
    expect(found.filter((match) => match !== null).length).toBeGreaterThan(0.99 * expected)
  }
})

it('names the earlier text and the exact similarity', () => {
  const texts = ['can you tell me where my new card is', 'please can you tell me where my new card is']
  const [first, second] = findNearDuplicates(same(texts), 0.7)
  expect(first).toBeNull()
  expect(second).toEqual({ index: 0, similarity: similarity(texts[0], texts[1]) })
})

it('takes texts as repeats that differ in case and punctuation only, short ones too', () => {
  expect(findNearDuplicates(same(['OK.', 'no', 'ok', 'Ok!!']), 0.9)).toEqual([
    null,
    null,
    { index: 0, similarity: 1 },
    { index: 0, similarity: 1 },
  ])
})

it('does not take short texts as near that differ in a letter', () => {
  expect(findNearDuplicates(same(['13 people', '14 people', '15 people']), 0.5)).toEqual([null, null, null])
})

it('compares only items of one label', () => {
  const text = 'what is the status of order 123 of last week'
  const items = [
    { text, label: 'a' },
    { text, label: 'b' },
    { text, label: 'a' },
  ]
  expect(findNearDuplicates(items, 0.9)).toEqual([null, null, { index: 0, similarity: 1 }])
})

it('measures against what is kept, so that a chain of small changes does not fall as a whole', () => {
  const tokens = sentence(40)
  const chain = Array.from({ length: 12 }, (_, step) =>
    [...words.slice(0, step), ...tokens.slice(step)].join(' '),
  )
  const matches = findNearDuplicates(same(chain), 0.8)
  const kept = chain.filter((_, index) => matches[index] === null)
  expect(kept.length).toBeGreaterThan(1)
  for (const match of matches) expect(match === null || matches[match.index] === null).toBe(true)
})

it('gives the same result every time', () => {
  const texts = same(withVariants(100, 10))
  expect(findNearDuplicates(texts, 0.8)).toEqual(findNearDuplicates(texts, 0.8))
})

it('copes with many near-identical texts', () => {
  const texts = Array.from(
    { length: 20_000 },
    (_, index) => `the status of the order number ${index} is what i would like to know`,
  )
  const matches = findNearDuplicates(same(texts), 0.7)
  expect(matches.filter((match) => match === null).length).toBeLessThan(100)
})

it('is empty for no items', () => {
  expect(findNearDuplicates([], 0.9)).toEqual([])
})
