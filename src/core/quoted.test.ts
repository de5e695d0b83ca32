import { describe, expect, it } from 'vitest'
import { createQuoteFinder } from './quoted.ts'

describe('createQuoteFinder', () => {
  it('finds words, whatever the white space and the Unicode form', () => {
    const isQuoted = createQuoteFinder('Order  no.\n#A-12 for Zoe\u0308, please')
    expect(['Order no.', '#A-12', 'Zo\u00eb', ' please '].map(isQuoted)).toEqual([true, true, true, true])
  })

  it('does not find parts of words, other cases, or nothing', () => {
    const isQuoted = createQuoteFinder('nothing is due on 2024-05-01')
    expect(['no', 'thing', 'Nothing', '024', '', ' '].map(isQuoted)).toEqual(Array(6).fill(false))
    expect(isQuoted('2024')).toBe(true)
  })

  it('looks on after a place inside a word', () => {
    expect(createQuoteFinder('nothing? no')('no')).toBe(true)
  })
})
