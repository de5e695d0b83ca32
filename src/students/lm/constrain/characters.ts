/** Sets of characters, as the bytes that JSON.stringify writes for them inside a string. */
import type { Term, Terms } from './terms.ts'

/** Code points from the first to the last, both included. */
export type CodePointRange = readonly [number, number]

/** Every character of well-formed Unicode: all code points but surrogates. */
export const everyCharacter: readonly CodePointRange[] = [
  [0, 0xd7ff],
  [0xe000, 0x10ffff],
]

/** What a grammar is made with. */
export interface Alphabet {
  readonly terms: Terms
  /** By byte: the vocabulary has a token of just this byte, so that it can always be written. */
  readonly writable: readonly boolean[]
}

/** One character of the set, as far as the vocabulary can write it: escaped where JSON wants it, else UTF-8. */
export function characterTerm(alphabet: Alphabet, ranges: readonly CodePointRange[]): Term {
  const { terms } = alphabet
  const escaped = escapedCharacters.filter((code) =>
    ranges.some(([low, high]) => code >= low && code <= high),
  )
  const written = escaped.map((code) => JSON.stringify(String.fromCharCode(code)).slice(1, -1))
  return terms.alt([
    terms.strings(written.map((text) => new TextEncoder().encode(text))),
    ...ranges.flatMap(withoutEscaped).flatMap(([low, high]) => utf8Terms(alphabet, low, high)),
  ])
}

/** These bytes of UTF-8; `empty` where the vocabulary cannot write them. */
export function literalTerm(alphabet: Alphabet, text: string): Term {
  const bytes = new TextEncoder().encode(text)
  return isWritable(alphabet, text) ? alphabet.terms.strings([bytes]) : alphabet.terms.empty
}

export function isWritable({ writable }: Alphabet, text: string): boolean {
  return new TextEncoder().encode(text).every((byte) => writable[byte])
}

/** Quotation mark, backslash and control characters. */
const escapedCharacters = [...Array.from({ length: 0x20 }, (_, code) => code), 0x22, 0x5c]

const rawRanges: readonly CodePointRange[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0xd7ff],
  [0xe000, 0x10ffff],
]

function withoutEscaped([low, high]: CodePointRange): CodePointRange[] {
  return rawRanges
    .map(([from, to]): CodePointRange => [Math.max(low, from), Math.min(high, to)])
    .filter(([from, to]) => from <= to)
}

/** The last code points of one, two, three and four bytes. */
const lastOfLength = [0x7f, 0x7ff, 0xffff, 0x10ffff]

/** A range as sequences of byte ranges, split until each byte of a sequence varies by itself. */
function utf8Terms(alphabet: Alphabet, low: number, high: number): Term[] {
  const longest = lastOfLength.find((last) => low <= last) ?? 0
  if (high > longest) {
    return [...utf8Terms(alphabet, low, longest), ...utf8Terms(alphabet, longest + 1, high)]
  }
  const lowBytes = utf8(low)
  const highBytes = utf8(high)
  for (let tail = 1; tail < lowBytes.length; tail++) {
    const mask = (1 << (6 * tail)) - 1
    if ((low & ~mask) === (high & ~mask)) continue
    if ((low & mask) !== 0) {
      return [...utf8Terms(alphabet, low, low | mask), ...utf8Terms(alphabet, (low | mask) + 1, high)]
    }
    if ((high & mask) !== mask) {
      return [...utf8Terms(alphabet, low, (high & ~mask) - 1), ...utf8Terms(alphabet, high & ~mask, high)]
    }
  }
  const parts = Array.from(lowBytes, (byte, index) => byteRange(alphabet, byte, highBytes[index]))
  return [alphabet.terms.seq(...parts)]
}

function utf8(code: number): Uint8Array {
  return new TextEncoder().encode(String.fromCodePoint(code))
}

function byteRange({ terms, writable }: Alphabet, low: number, high: number): Term {
  const all = Array.from({ length: high - low + 1 }, (_, index) => low + index)
  return terms.bytes(all.filter((byte) => writable[byte]))
}
