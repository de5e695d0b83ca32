/** The strings that are quoted from an input word for word: from the start of a word to the end of one. */
import { isWritable, type Alphabet } from './characters.ts'
import { firstOf, quoteEndMark } from './term-facts.ts'
import type { LazyRule, Term } from './terms.ts'

/** An input as the bytes that JSON writes for it inside a string; place p lies before byte p. */
interface Source {
  /** Tells inputs apart among the terms. */
  readonly name: string
  readonly bytes: Uint8Array
  /** Where a quote may begin. */
  readonly starts: readonly number[]
  /** By place: a quote may end here. */
  readonly ends: readonly boolean[]
  /** By place: the next place at or after it where a quote may end; -1 where the vocabulary cannot get there. */
  readonly nextEnd: Int32Array
  /** By place: the byte after it can be written, and leads to an end. */
  readonly goesOn: readonly boolean[]
}

/** What stands inside the quotation marks; `empty` where nothing can be quoted. `name` is the input's among these terms. */
export function quotedTerm(alphabet: Alphabet, input: string, name: string): Term {
  const source = readSource(alphabet, input, name)
  return source.starts.length === 0 ? alphabet.terms.empty : placesTerm(alphabet, source, source.starts, true)
}

function readSource(alphabet: Alphabet, input: string, name: string): Source {
  const characters = Array.from(input.trim().replaceAll(/\p{Surrogate}/gu, '\uFFFD'))
  const escaped = characters.map((character) => JSON.stringify(character).slice(1, -1))
  const bytes = new TextEncoder().encode(escaped.join(''))
  const ends = Array.from({ length: bytes.length + 1 }, () => false)
  const starts: number[] = []
  const blocked = new Set<number>()
  let place = 0
  characters.forEach((character, index) => {
    const isSpace = /\s/u.test(character)
    const begins = index === 0 || !(isWordCharacter(characters[index - 1]) && isWordCharacter(character))
    if (begins && !isSpace) starts.push(place)
    if (!isWritable(alphabet, escaped[index])) blocked.add(place)
    if (index > 0) ends[place] = begins && !/\s/u.test(characters[index - 1])
    place += Buffer.byteLength(escaped[index])
  })
  ends[bytes.length] = bytes.length > 0
  const nextEnd = new Int32Array(bytes.length + 1).fill(-1)
  for (let at = bytes.length; at >= 0; at--) {
    nextEnd[at] = ends[at] ? at : blocked.has(at) ? -1 : (nextEnd[at + 1] ?? -1)
  }
  const goesOn = Array.from(bytes, (_, at) => !blocked.has(at) && nextEnd[at + 1] >= 0)
  return { name, bytes, starts: starts.filter((start) => goesOn[start]), ends, nextEnd, goesOn }
}

function isWordCharacter(character: string): boolean {
  return /[\p{L}\p{N}\p{M}]/u.test(character)
}

/** What may follow when the quote so far ends at one of these places. */
function placesTerm(alphabet: Alphabet, source: Source, places: readonly number[], isStart = false): Term {
  const key = `quoted ${source.name} ${isStart ? 'start' : places.join(',')}`
  return alphabet.terms.lazy(key, () => placesRule(alphabet, source, places, isStart))
}

function placesRule(
  alphabet: Alphabet,
  source: Source,
  places: readonly number[],
  isStart: boolean,
): LazyRule {
  const { bytes, ends, goesOn } = source
  const nullable = !isStart && places.some((place) => ends[place])
  const follows = places.filter((place) => goesOn[place])
  return {
    nullable,
    own: true,
    step(byte) {
      const next = follows.filter((place) => bytes[place] === byte).map((place) => place + 1)
      return next.length === 0 ? alphabet.terms.empty : placesTerm(alphabet, source, next)
    },
    first: () => follows.map((place) => bytes[place]),
    shortest: () => (nullable ? Uint16Array.of(quoteEndMark) : shortestQuote(source, places, isStart)),
  }
}

function shortestQuote({ bytes, nextEnd }: Source, places: readonly number[], isStart: boolean): Uint16Array {
  return firstOf(
    places.map((place) => {
      const end = nextEnd[isStart ? place + 1 : place]
      return Uint16Array.from([...bytes.subarray(place, end), quoteEndMark])
    }),
  )
}
