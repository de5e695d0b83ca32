/** Finds where in an input the strings quoted from it stand, and which occurrence is meant. */
import type { TagTokens } from '../runtime/tag-features.js'

/** Code units of the input, and the tokens that they touch. */
export interface QuotePlace {
  readonly start: number
  readonly end: number
  readonly firstToken: number
  readonly lastToken: number
  /** False where the quote begins or ends within a token. */
  readonly onTokens: boolean
}

/** More places of one quote than any input that makes sense has; keeps nonsense from taking long. */
const mostPlaces = 500

/** The places of a quote, on token boundaries where there are such: as it is written; failing that, apart from white space, Unicode form and case. */
export function findQuote(input: string, tokens: TagTokens, quote: string): QuotePlace[] {
  const wanted = quote.trim()
  if (wanted === '') return []
  const found = occurrences(input, wanted).map((start) => [start, start + wanted.length] as const)
  const places = (found.length > 0 ? found : foldedOccurrences(input, wanted))
    .map(([start, end]) => placeOf(tokens, start, end))
    .filter((place) => place !== null)
  const inBody = places.filter((place) => place.firstToken >= tokens.body)
  const preferred = inBody.length > 0 ? inBody : places
  const whole = preferred.filter((place) => place.onTokens)
  return (whole.length > 0 ? whole : preferred).slice(0, mostPlaces)
}

function occurrences(text: string, wanted: string): number[] {
  const found: number[] = []
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) found.push(at)
  return found
}

/** Occurrences in the folded input, as places in the input itself. */
function foldedOccurrences(input: string, wanted: string): (readonly [number, number])[] {
  const folded = fold(input)
  const text = fold(wanted).text.trim()
  if (text === '') return []
  return occurrences(folded.text, text).map(
    (at) => [folded.starts[at], folded.ends[at + text.length - 1]] as const,
  )
}

/** White space, a character with its marks, or Hangul letters that make up syllables. */
const foldedPiece = /\s+|[\u1100-\u11ff]+|\P{M}\p{M}*|\p{M}+/gu

/** Text with white space, compatibility forms, quotation marks and case made equal; the source of each unit. */
function fold(input: string): { text: string; starts: number[]; ends: number[] } {
  let text = ''
  const starts: number[] = []
  const ends: number[] = []
  for (const match of input.matchAll(foldedPiece)) {
    const piece = foldPiece(match[0])
    text += piece
    for (let i = 0; i < piece.length; i++) {
      starts.push(match.index)
      ends.push(match.index + match[0].length)
    }
  }
  return { text, starts, ends }
}

function foldPiece(piece: string): string {
  if (piece.trim() === '') return ' '
  return piece.normalize('NFKC').toLowerCase().replace(/[‘’]/gu, "'").replace(/[“”]/gu, '"')
}

/** The tokens that a stretch of the input touches, or null where it holds none. */
function placeOf(tokens: TagTokens, start: number, end: number): QuotePlace | null {
  const firstToken = firstTokenEndingAfter(tokens, start)
  if (firstToken === tokens.count || tokens.starts[firstToken] >= end) return null
  let lastToken = firstToken
  while (lastToken + 1 < tokens.count && tokens.starts[lastToken + 1] < end) lastToken++
  const onTokens = tokens.starts[firstToken] >= start && tokens.ends[lastToken] <= end
  return { start, end, firstToken, lastToken, onTokens }
}

function firstTokenEndingAfter(tokens: TagTokens, place: number): number {
  let low = 0
  let high = tokens.count
  while (low < high) {
    const middle = (low + high) >> 1
    if (tokens.ends[middle] > place) high = middle
    else low = middle + 1
  }
  return low
}
