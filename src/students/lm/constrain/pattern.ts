/**
 * Regular expressions of JSON Schema's `pattern`, as far as a term can say them: characters, classes, groups,
 * alternatives and repeats, anchored at either end or free. What a single character class holds is asked of
 * JavaScript's own engine, which is also what checks answers. Backreferences, assertions within and word
 * boundaries are not read.
 */
import { characterTerm, everyCharacter, type Alphabet, type CodePointRange } from './characters.ts'
import type { Term } from './terms.ts'

export interface PatternTerm {
  readonly term: Term
  /** Characters of the shortest and of the longest string; Infinity where nothing ends it. */
  readonly min: number
  readonly max: number
}

/** Where the reader is in the pattern. */
interface Reader {
  readonly alphabet: Alphabet
  readonly source: string
  at: number
}

class UnreadPattern extends Error {}

const longestPattern = 1000

/** What stands inside the quotation marks; or why the pattern cannot be held to. */
export function readPattern(alphabet: Alphabet, source: string): PatternTerm | { readonly refused: string } {
  if (source.length > longestPattern) return { refused: `is longer than ${longestPattern} characters` }
  const reader: Reader = { alphabet, source, at: 0 }
  try {
    const options = readOptions(reader, readAnchored)
    if (reader.at < source.length) refuse(reader)
    return either(alphabet, options)
  } catch (error) {
    if (error instanceof UnreadPattern) return { refused: error.message }
    throw error
  }
}

function refuse(reader: Reader): never {
  const rest = reader.source.slice(reader.at, reader.at + 12)
  throw new UnreadPattern(
    `has ${JSON.stringify(rest)} at character ${reader.at + 1}, which cannot be held to`,
  )
}

function take(reader: Reader, text: string): boolean {
  if (!reader.source.startsWith(text, reader.at)) return false
  reader.at += text.length
  return true
}

function readOptions(reader: Reader, read: (reader: Reader) => PatternTerm): PatternTerm[] {
  const options = [read(reader)]
  while (take(reader, '|')) options.push(read(reader))
  return options
}

/** One alternative of the whole pattern: free text around it, but where it is anchored. */
function readAnchored(reader: Reader): PatternTerm {
  const { terms } = reader.alphabet
  const anything: PatternTerm = {
    term: terms.repeat(characterTerm(reader.alphabet, everyCharacter), 0, Infinity),
    min: 0,
    max: Infinity,
  }
  const fromStart = take(reader, '^')
  const core = readSequence(reader)
  const toEnd = take(reader, '$')
  return chain(reader, [...(fromStart ? [] : [anything]), core, ...(toEnd ? [] : [anything])])
}

function readSequence(reader: Reader): PatternTerm {
  const parts: PatternTerm[] = []
  while (reader.at < reader.source.length && !'|)$'.includes(reader.source[reader.at])) {
    parts.push(readRepeat(reader, readAtom(reader)))
  }
  return chain(reader, parts)
}

function readAtom(reader: Reader): PatternTerm {
  if (take(reader, '(')) {
    if (!take(reader, '?:')) take(reader, /^\?<\w+>/.exec(reader.source.slice(reader.at))?.[0] ?? '')
    const options = readOptions(reader, readSequence)
    if (!take(reader, ')')) refuse(reader)
    return either(reader.alphabet, options)
  }
  const [atom] =
    /^(?:\[(?:\\.|[^\]\\])*\]|\\[dDwWsStnrfv0]|\\[pP]\{[^}]*\}|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]+\}|\\[\^$\\.*+?()[\]{}|/-]|[^\\^$*+?()[\]{}|])/su.exec(
      reader.source.slice(reader.at),
    ) ?? [null]
  if (atom === null) refuse(reader)
  const ranges = rangesOf(atom)
  if (ranges === null || ranges.length === 0) refuse(reader)
  reader.at += atom.length
  return { term: characterTerm(reader.alphabet, ranges), min: 1, max: 1 }
}

function readRepeat(reader: Reader, atom: PatternTerm): PatternTerm {
  const [found, sign, from, comma, to] =
    /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(reader.source.slice(reader.at)) ?? []
  if (found === undefined) return atom
  reader.at += found.length
  const min = sign === undefined ? Number(from) : sign === '+' ? 1 : 0
  const bounded = comma === '' ? min : to === '' ? Infinity : Number(to)
  const max = sign === undefined ? bounded : sign === '?' ? 1 : Infinity
  return {
    term: reader.alphabet.terms.repeat(atom.term, min, max),
    min: atom.min * min,
    max: atom.max === 0 || max === 0 ? 0 : atom.max * max,
  }
}

function chain({ alphabet }: Reader, parts: readonly PatternTerm[]): PatternTerm {
  return {
    term: alphabet.terms.seq(...parts.map((part) => part.term)),
    min: parts.reduce((sum, part) => sum + part.min, 0),
    max: parts.reduce((sum, part) => sum + part.max, 0),
  }
}

function either({ terms }: Alphabet, options: readonly PatternTerm[]): PatternTerm {
  return {
    term: terms.alt(options.map((option) => option.term)),
    min: Math.min(...options.map((option) => option.min)),
    max: Math.max(...options.map((option) => option.max)),
  }
}

const rangesByAtom = new Map<string, readonly CodePointRange[] | null>()
const keptAtoms = 200

/** The characters that one atom matches, surrogates left out; null where it is no expression. */
function rangesOf(atom: string): readonly CodePointRange[] | null {
  const known = rangesByAtom.get(atom)
  if (known !== undefined) return known
  if (rangesByAtom.size >= keptAtoms) rangesByAtom.clear()
  const ranges = findRanges(atom)
  rangesByAtom.set(atom, ranges)
  return ranges
}

/** By one search through all characters in order, whose runs of matches are the ranges. */
function findRanges(atom: string): readonly CodePointRange[] | null {
  let expression: RegExp
  try {
    expression = new RegExp(`(?:${atom})+`, 'gu')
  } catch {
    return null
  }
  return everyCharacter.flatMap((range) =>
    [...charactersOf(range).matchAll(expression)].map(([run]): CodePointRange => {
      const first = run.codePointAt(0) ?? 0
      const last = run.codePointAt(run.length - 2)
      return [first, last !== undefined && last > 0xffff ? last : run.charCodeAt(run.length - 1)]
    }),
  )
}

const charactersByRange = new Map<CodePointRange, string>()

function charactersOf(range: CodePointRange): string {
  const known = charactersByRange.get(range)
  if (known !== undefined) return known
  const parts: string[] = []
  for (let code = range[0]; code <= range[1]; code++) parts.push(String.fromCodePoint(code))
  const text = parts.join('')
  charactersByRange.set(range, text)
  return text
}
