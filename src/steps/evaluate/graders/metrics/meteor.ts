/** METEOR (Banerjee and Lavie 2005) without synonyms: equal words, then equal stems, fewer chunks better; 0..1. */
import { porterStem } from './porter-stem.ts'
import { tokenise13a } from './tokens.ts'

/** Weight of precision in the mean; size and power of the penalty for words out of order. */
const [alpha, gamma, beta] = [0.9, 0.5, 3]

/** Positions of a word in the text and of the word in the reference that it is matched with. */
type Match = readonly [text: number, reference: number]
type Word = readonly [position: number, word: string]

export function meteor(text: string, reference: string): number {
  const [got, wanted] = [tokenise13a(text.toLowerCase()), tokenise13a(reference.toLowerCase())]
  const matches = align(got, wanted)
  if (matches.length === 0) return 0
  const precision = matches.length / got.length
  const recall = matches.length / wanted.length
  const mean = (precision * recall) / (alpha * precision + (1 - alpha) * recall)
  return mean * (1 - gamma * (countChunks(matches) / matches.length) ** beta)
}

/** In the order of the text. */
function align(got: readonly string[], wanted: readonly string[]): readonly Match[] {
  const [left, right] = [[...got.entries()], [...wanted.entries()]]
  const matches: Match[] = []
  takeMatches(left, right, (word) => word, matches)
  takeMatches(left, right, porterStem, matches)
  return matches.sort((a, b) => a[0] - b[0])
}

/** From the last word to the first, as the reference implementation does; takes what it matches out of both lists. */
function takeMatches(got: Word[], wanted: Word[], form: (word: string) => string, matches: Match[]): void {
  const places = new Map<string, Word[]>()
  for (const word of wanted) {
    const key = form(word[1])
    const known = places.get(key)
    if (known === undefined) places.set(key, [word])
    else known.push(word)
  }
  const taken = new Set<Word>()
  for (const word of [...got].reverse()) {
    const match = places.get(form(word[1]))?.pop()
    if (match === undefined) continue
    matches.push([word[0], match[0]])
    taken.add(word).add(match)
  }
  for (const list of [got, wanted]) list.splice(0, list.length, ...list.filter((word) => !taken.has(word)))
}

/** Runs of matches that follow each other in both texts. */
function countChunks(matches: readonly Match[]): number {
  return matches.filter(
    ([text, reference], index) =>
      index === 0 || text !== matches[index - 1][0] + 1 || reference !== matches[index - 1][1] + 1,
  ).length
}
