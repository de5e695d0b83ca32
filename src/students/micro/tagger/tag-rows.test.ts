import { describe, expect, it } from 'vitest'
import { collectTags, collectTrims, tagRows, tagTexts, type SpanField } from './tag-rows.ts'

const place: SpanField = { key: 'place', list: false }
const names: SpanField = { key: 'names', list: true }

function quoted(
  input: string,
  spans: Record<string, string[]>,
  fields: SpanField[],
  others: typeof cues = [],
): string[][] {
  const { rows } = tagRows([{ input, spans }, ...others], fields)
  return fields.map((_, field) =>
    rows[0].places
      .filter((each) => each.field === field)
      .map((each) => `${each.place.start}:${input.slice(each.place.start, each.place.end)}`),
  )
}

const cues = ['for 2 people', 'for 3 people', 'for 9 people'].map((input) => ({
  input,
  spans: { people: [input.slice(4, 5)] },
}))

describe('tagRows', () => {
  it('takes the first place of a quote when nothing speaks for another', () => {
    expect(quoted('5 or 5', { place: ['5'] }, [place])).toEqual([['0:5']])
  })

  it('takes the place whose neighbours are usual for the field', () => {
    const people: SpanField = { key: 'people', list: false }
    expect(quoted('at 5 a table for 5 people', { people: ['5'] }, [people], cues)).toEqual([['17:5']])
  })

  it('keeps off words that another field quotes', () => {
    const album: SpanField = { key: 'album', list: false }
    const kind: SpanField = { key: 'kind', list: false }
    const spans = { album: ['The album leaf'], kind: ['album'] }
    expect(quoted('add The album leaf album', spans, [album, kind])).toEqual([
      ['4:The album leaf'],
      ['19:album'],
    ])
  })

  it('takes a list in order, a repeated string at its next place', () => {
    expect(quoted('Ann, Bob and Ann', { names: ['Ann', 'Bob', 'Ann'] }, [names])).toEqual([
      ['5:Bob', '0:Ann', '13:Ann'],
    ])
  })

  it('counts the quotes that are not in their inputs', () => {
    const rows = [
      { input: 'hello', spans: { place: ['Rome'] } },
      { input: 'in Rome', spans: { place: ['Rome'] } },
    ]
    expect(tagRows(rows, [place]).unaligned).toBe(1)
  })
})

describe('tags', () => {
  const date: SpanField = { key: 'date', list: false }
  const time: SpanField = { key: 'time', list: false }

  it('gives tokens that two fields share a tag of their own', () => {
    const { rows } = tagRows(
      [{ input: 'at 8 tonight', spans: { date: ['tonight'], time: ['8 tonight'] } }],
      [date, time],
    )
    expect(tagTexts(rows[0], 2)).toEqual(['00', '01', '12'])
    expect(collectTags(rows, 2)).toEqual(['00', '01', '12'])
  })

  it('puts outside first even where every token is quoted', () => {
    const { rows } = tagRows([{ input: 'Rome', spans: { place: ['Rome'] } }], [place])
    expect(collectTags(rows, 1)).toEqual(['0', '1'])
  })
})

describe('collectTrims', () => {
  const thing: SpanField = { key: 'thing', list: false }

  it('learns what quotes leave of a word, when they mostly do', () => {
    const spans = [
      { input: 'two tables', spans: { thing: ['table'] } },
      { input: 'two lamps', spans: { thing: ['lamp'] } },
      { input: 'three dogs', spans: { thing: ['dogs'] } },
    ]
    expect(collectTrims(tagRows(spans, [thing]).rows)).toEqual([{ field: 0, atEnd: true, text: 's' }])
  })

  it('learns nothing from one case, or where whole words are as usual', () => {
    const spans = [
      { input: 'two tables', spans: { thing: ['table'] } },
      { input: 'two lamps', spans: { thing: ['lamp'] } },
      { input: 'three dogs', spans: { thing: ['dogs'] } },
      { input: 'three cats', spans: { thing: ['cats'] } },
    ]
    expect(collectTrims(tagRows(spans, [thing]).rows)).toEqual([])
    expect(collectTrims(tagRows(spans.slice(0, 1), [thing]).rows)).toEqual([])
  })
})
