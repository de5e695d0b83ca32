/** Turns rows with quoted strings into token tags: decides which place each quote means, and names the tags. */
import { foldTagEdge, type TagTrim } from '../runtime/tagger.js'
import { readTagTokens, type TagTokens } from '../runtime/tag-features.js'
import { findQuote, type QuotePlace } from './align.ts'

export interface SpanField {
  readonly key: string
  /** True when the answer is every span in order, false when it is one or none. */
  readonly list: boolean
}

export interface TaggerRow {
  readonly input: string
  /** Quoted strings in order; empty or absent: none. */
  readonly spans: Readonly<Record<string, readonly string[]>>
}

export interface TaggedRow {
  readonly input: string
  readonly tokens: TagTokens
  readonly places: readonly { readonly field: number; readonly place: QuotePlace }[]
}

export interface TaggedRows {
  readonly rows: readonly TaggedRow[]
  /** Quotes that do not stand in their input. */
  readonly unaligned: number
}

interface OpenQuote {
  readonly field: number
  readonly places: readonly QuotePlace[]
}

/** How often each word stands before (`-`) or after (`+`) the quotes of a field, and all words together. */
type Cues = ReadonlyMap<string, number>

/** Aligns each quote with its input; of several places takes the one whose neighbours are most usual for the field. */
export function tagRows(rows: readonly TaggerRow[], fields: readonly SpanField[]): TaggedRows {
  let unaligned = 0
  const open = rows.map(({ input, spans }) => {
    const tokens = readTagTokens(input)
    const quotes: OpenQuote[] = []
    fields.forEach(({ key }, field) => {
      for (const quote of spans[key] ?? []) {
        const places = findQuote(input, tokens, quote)
        if (places.length === 0) unaligned++
        else quotes.push({ field, places })
      }
    })
    return { input, tokens, quotes }
  })
  const cues = countCues(open)
  const tagged = open.map(({ input, tokens, quotes }) => ({
    input,
    tokens,
    places: choosePlaces(input, tokens, quotes, fields, cues),
  }))
  return { rows: tagged, unaligned }
}

function countCues(
  rows: readonly { input: string; tokens: TagTokens; quotes: readonly OpenQuote[] }[],
): Cues {
  const cues = new Map<string, number>()
  for (const { input, tokens, quotes } of rows) {
    for (const { field, places } of quotes) {
      if (places.length !== 1) continue
      for (const cue of cuesOf(input, tokens, field, places[0])) cues.set(cue, (cues.get(cue) ?? 0) + 1)
    }
  }
  return cues
}

function cuesOf(input: string, tokens: TagTokens, field: number, place: QuotePlace): [string, string] {
  const word = (i: number): string =>
    i < 0 || i >= tokens.count ? '' : input.slice(tokens.starts[i], tokens.ends[i]).toLowerCase()
  return [`${field}-${word(place.firstToken - 1)}`, `${field}+${word(place.lastToken + 1)}`]
}

/** Quotes with one place first; then the others, away from those taken, a list's in order, in the likeliest place. */
function choosePlaces(
  input: string,
  tokens: TagTokens,
  quotes: readonly OpenQuote[],
  fields: readonly SpanField[],
  cues: Cues,
): TaggedRow['places'] {
  const chosen: { field: number; place: QuotePlace }[] = []
  const reached = new Map<number, number>()
  const certain = quotes.filter(({ places }) => places.length === 1)
  for (const { field, places } of [...certain, ...quotes.filter((quote) => !certain.includes(quote))]) {
    const free = places.filter((place) => !chosen.some((other) => overlap(other.place, place)))
    const inOrder = free.filter((place) => place.start >= (reached.get(field) ?? 0))
    const candidates = [inOrder, free, places].find((list) => list.length > 0) ?? []
    const score = (place: QuotePlace): number =>
      cuesOf(input, tokens, field, place).reduce((sum, cue) => sum + Math.log1p(cues.get(cue) ?? 0), 0)
    const list = fields[field].list
    const place = list ? candidates[0] : candidates.reduce((a, b) => (score(b) > score(a) ? b : a))
    if (chosen.some((other) => other.field === field && overlap(other.place, place))) continue
    if (list && places.length > 1) reached.set(field, place.end)
    chosen.push({ field, place })
  }
  return chosen
}

function overlap(a: QuotePlace, b: QuotePlace): boolean {
  return a.firstToken <= b.lastToken && b.firstToken <= a.lastToken
}

/** The tag of each token as text, one digit a field: 0 outside, 1 begins, 2 continues. */
export function tagTexts({ tokens, places }: TaggedRow, fieldCount: number): string[] {
  const outside = '0'.repeat(fieldCount)
  const tags = Array.from({ length: tokens.count }, () => outside)
  for (const { field, place } of places) {
    for (let i = place.firstToken; i <= place.lastToken; i++) {
      tags[i] = tags[i].slice(0, field) + (i === place.firstToken ? '1' : '2') + tags[i].slice(field + 1)
    }
  }
  return tags
}

/**
 * The tags to learn, most frequent first, at most 250: where fields share tokens (a date that is also a time)
 * the combination is a tag of its own. Outside is always one.
 */
export function collectTags(rows: readonly TaggedRow[], fieldCount: number): string[] {
  const counts = new Map([['0'.repeat(fieldCount), Infinity]])
  for (const row of rows) {
    for (const tag of tagTexts(row, fieldCount)) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  }
  return [...counts]
    .sort(([tagA, a], [tagB, b]) => (a === b ? (tagA < tagB ? -1 : 1) : b - a))
    .slice(0, 250)
    .map(([tag]) => tag)
}

/** What quotes usually leave of their first or last token: said at least twice, and more often than not. */
export function collectTrims(rows: readonly TaggedRow[]): TagTrim[] {
  const cut = new Map<string, { trim: TagTrim; count: number }>()
  for (const { field, atEnd, rest } of edges(rows)) {
    if (rest === '') continue
    const key = JSON.stringify([field, atEnd, rest])
    cut.set(key, { trim: { field, atEnd, text: rest }, count: (cut.get(key)?.count ?? 0) + 1 })
  }
  if (cut.size === 0) return []
  const candidates = [...cut.values()].filter(({ count }) => count >= 2)
  return candidates
    .filter(({ trim, count }) => {
      const against = [...edges(rows)].filter(
        ({ field, atEnd, token, rest }) =>
          field === trim.field && atEnd === trim.atEnd && rest === '' && hasEdge(token, trim),
      )
      return count > against.length
    })
    .map(({ trim }) => trim)
}

function hasEdge(token: string, { atEnd, text }: TagTrim): boolean {
  return token.length > text.length && (atEnd ? token.endsWith(text) : token.startsWith(text))
}

/** Both ends of every quote: the folded token there, and what of it the quote leaves out. */
function* edges(
  rows: readonly TaggedRow[],
): Generator<{ field: number; atEnd: boolean; token: string; rest: string }> {
  for (const { input, tokens, places } of rows) {
    for (const { field, place } of places) {
      const first = [tokens.starts[place.firstToken], tokens.ends[place.firstToken]] as const
      const last = [tokens.starts[place.lastToken], tokens.ends[place.lastToken]] as const
      const [start, end] = [Math.max(place.start, first[0]), Math.min(place.end, last[1])]
      yield {
        field,
        atEnd: false,
        token: foldTagEdge(input.slice(...first)),
        rest: foldTagEdge(input.slice(first[0], start)),
      }
      yield {
        field,
        atEnd: true,
        token: foldTagEdge(input.slice(...last)),
        rest: foldTagEdge(input.slice(end, last[1])),
      }
    }
  }
}
