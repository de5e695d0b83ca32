/** Finds texts that contain a given text or are contained in it, by the hash of a window (Rabin and Karp 1987). */
import type { Match } from './near-index.ts'

/** The shortest passage that counts: shorter ones are what anybody would say. */
const windowLength = 30

const base = 0x01000193

/** Texts are folded. The finder gives the first match, longest shared part not sought. */
export function createPassageFinder(texts: readonly string[]): (text: string) => Match | null {
  const starts = new Map<number, number[]>()
  const windows = new Map<number, { readonly index: number; readonly at: number }[]>()
  texts.forEach((text, index) => {
    for (const { hash, at } of wordWindows(text)) {
      if (at === 0) append(starts, hash, index)
      append(windows, hash, { index, at })
    }
  })
  return (text) => findInside(text, texts, starts) ?? findAround(text, texts, windows)
}

/** One of the texts is inside this one. */
function findInside(
  text: string,
  texts: readonly string[],
  starts: ReadonlyMap<number, readonly number[]>,
): Match | null {
  for (const { hash, at } of wordWindows(text)) {
    for (const index of starts.get(hash) ?? []) {
      const part = texts[index]
      if (text.startsWith(part, at) && endsWord(text, at + part.length)) {
        return { index, similarity: part.length / text.length }
      }
    }
  }
  return null
}

/** This one is inside one of the texts. */
function findAround(
  text: string,
  texts: readonly string[],
  windows: ReadonlyMap<number, readonly { readonly index: number; readonly at: number }[]>,
): Match | null {
  for (const { hash } of wordWindows(text.slice(0, windowLength))) {
    for (const { index, at } of windows.get(hash) ?? []) {
      const whole = texts[index]
      if (whole.startsWith(text, at) && endsWord(whole, at + text.length)) {
        return { index, similarity: text.length / whole.length }
      }
    }
  }
  return null
}

/** The hash of each window that begins a word. */
function* wordWindows(text: string): Generator<{ readonly hash: number; readonly at: number }> {
  let leading = 1
  for (let at = 1; at < windowLength; at++) leading = Math.imul(leading, base)
  let hash = 0
  for (let end = 0; end < text.length; end++) {
    const start = end - windowLength
    if (start >= 0) hash = (hash - Math.imul(text.charCodeAt(start), leading)) | 0
    hash = (Math.imul(hash, base) + text.charCodeAt(end)) | 0
    if (start >= -1 && beginsWord(text, start + 1)) yield { hash, at: start + 1 }
  }
}

function beginsWord(text: string, at: number): boolean {
  return at === 0 || text[at - 1] === ' ' || isUnspaced(text.charCodeAt(at))
}

function endsWord(text: string, at: number): boolean {
  return at === text.length || text[at] === ' ' || isUnspaced(text.charCodeAt(at))
}

/** Thai and beyond, Chinese and Japanese: scripts that put no spaces between words. */
function isUnspaced(unit: number): boolean {
  return unit >= 0x0e00
}

function append<Value>(map: Map<number, Value[]>, key: number, value: Value): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
