/** The strings that are quoted from an input word for word: from the start of a word to the end of one. */
import { isWritable, type Alphabet } from './characters.ts'
import { concatenate, precedes } from './term-facts.ts'
import type { LazyRule, Term } from './terms.ts'

/** An input by its characters; place p lies before character p. */
interface Source {
  /** As JSON writes them inside a string. */
  readonly bytes: readonly Uint8Array[]
  readonly writable: readonly boolean[]
  readonly starts: readonly number[]
  /** By place: a quote may end here. */
  readonly ends: readonly boolean[]
  /** By place: the next place at or after it where a quote may end; null where the vocabulary cannot get there. */
  readonly nextEnd: readonly (number | null)[]
}

/** What stands inside the quotation marks; `empty` where nothing can be quoted. */
export function quotedTerm(alphabet: Alphabet, input: string): Term {
  const source = readSource(alphabet, input)
  return source.starts.length === 0
    ? alphabet.terms.empty
    : placesTerm(alphabet, source, source.starts, 'start')
}

function readSource(alphabet: Alphabet, input: string): Source {
  const characters = Array.from(input.trim().replaceAll(/\p{Surrogate}/gu, '\uFFFD'))
  const escaped = characters.map((character) => JSON.stringify(character).slice(1, -1))
  const writable = escaped.map((text) => isWritable(alphabet, text))
  const places = Array.from({ length: characters.length + 1 }, (_, place) => place)
  const isSpace = characters.map((character) => /\s/u.test(character))
  const ends = places.map((place) => place > 0 && !isSpace[place - 1] && !joins(characters, place))
  const nextEnd: (number | null)[] = places.map(() => null)
  for (let place = characters.length; place >= 0; place--) {
    nextEnd[place] = ends[place] ? place : writable[place] ? nextEnd[place + 1] : null
  }
  const canStart = (place: number): boolean => !isSpace[place] && !joins(characters, place) && writable[place]
  return {
    bytes: escaped.map((text) => new TextEncoder().encode(text)),
    writable,
    starts: places.slice(0, -1).filter((place) => canStart(place) && nextEnd[place + 1] !== null),
    ends,
    nextEnd,
  }
}

/** Whether a word goes on across this place. */
function joins(characters: readonly string[], place: number): boolean {
  return (
    place > 0 &&
    place < characters.length &&
    isWordCharacter(characters[place - 1]) &&
    isWordCharacter(characters[place])
  )
}

function isWordCharacter(character: string): boolean {
  return /[\p{L}\p{N}\p{M}]/u.test(character)
}

/** What may follow when the quote so far ends at one of these places. */
function placesTerm(alphabet: Alphabet, source: Source, places: readonly number[], key: string): Term {
  return alphabet.terms.lazy(`quoted ${key}`, () => placesRule(alphabet, source, places, key === 'start'))
}

function placesRule(
  alphabet: Alphabet,
  source: Source,
  places: readonly number[],
  isStart: boolean,
): LazyRule {
  const { terms } = alphabet
  const nullable = !isStart && places.some((place) => source.ends[place])
  return {
    nullable,
    expand() {
      const options = [...placesByCharacter(source, places)].map(([, group]) => {
        const next = group.map((place) => place + 1)
        return terms.seq(
          terms.strings([source.bytes[group[0]]]),
          placesTerm(alphabet, source, next, next.join(',')),
        )
      })
      return terms.alt(nullable ? [terms.epsilon, ...options] : options)
    },
    // By the places, for to go through the characters one by one would nest as deep as the longest word.
    shortest: () => (nullable ? new Uint8Array(0) : shortestQuote(source, places, isStart)),
  }
}

/** The places from which the quote can go on, by the character that follows. */
function placesByCharacter(source: Source, places: readonly number[]): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  for (const place of places) {
    const follows = source.bytes[place]
    if (follows === undefined || source.nextEnd[place + 1] === null) continue
    if (!source.writable[place]) continue
    const key = follows.join(',')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [place])
    else group.push(place)
  }
  return groups
}

function shortestQuote(source: Source, places: readonly number[], isStart: boolean): Uint8Array {
  const candidates = places.map((place) => {
    const end = source.nextEnd[isStart ? place + 1 : place] ?? place
    return concatenate(source.bytes.slice(place, end))
  })
  return candidates.reduce((best, other) => (precedes(other, best) ? other : best))
}
