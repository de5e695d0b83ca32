import { describe, expect, it } from 'vitest'
import { readTagTokens } from '../runtime/tag-features.js'
import { findQuote } from './align.ts'

function textsOf(input: string, quote: string): string[] {
  return findQuote(input, readTagTokens(input), quote).map(({ start, end }) => input.slice(start, end))
}

function startsOf(input: string, quote: string): number[] {
  return findQuote(input, readTagTokens(input), quote).map(({ start }) => start)
}

describe('findQuote', () => {
  it('finds every occurrence on token boundaries and passes over those within a word', () => {
    expect(startsOf('an apple, an ant, banana', 'an')).toEqual([0, 10])
  })

  it('finds a reference with its sign but without the comma that follows', () => {
    expect(textsOf('about ticket #55102, please', '#55102')).toEqual(['#55102'])
    expect(textsOf('about ticket #55102, please', 'ticket #55102')).toEqual(['ticket #55102'])
  })

  it('gives the place within a word where there is no other', () => {
    const input = 'two restaurants'
    const [place] = findQuote(input, readTagTokens(input), 'restaurant')
    expect(place).toEqual({ start: 4, end: 14, firstToken: 1, lastToken: 1, onTokens: false })
  })

  it('overlooks space around a quote', () => {
    expect(textsOf('at quarter to 8', ' quarter to 8 ')).toEqual(['quarter to 8'])
  })

  it('sees through runs of white space, Unicode forms, quotation marks and case', () => {
    expect(textsOf('New \n York today', 'New York')).toEqual(['New \n York'])
    expect(textsOf('at the Cafe\u0301 Noir', 'Caf\u00e9 Noir')).toEqual(['Cafe\u0301 Noir'])
    expect(textsOf('at the Caf\u00e9 Noir', 'Cafe\u0301')).toEqual(['Caf\u00e9'])
    expect(textsOf('see Ann\u2019s bill', "Ann's bill")).toEqual(['Ann\u2019s bill'])
    expect(textsOf('case inv-77', 'INV-77')).toEqual(['inv-77'])
    expect(textsOf('서울 now', '서울'.normalize('NFD'))).toEqual(['서울'])
  })

  it('prefers the text to the lines of context before it', () => {
    expect(startsOf('requested=time\nwhat time is it', 'time')).toEqual([20])
    expect(textsOf('name=Ann Lee\nhello', 'Ann Lee')).toEqual(['Ann Lee'])
  })

  it('finds nothing where nothing is', () => {
    expect(textsOf('hello there', 'goodbye')).toEqual([])
    expect(textsOf('hello there', '  ')).toEqual([])
    expect(textsOf('', 'x')).toEqual([])
  })
})
