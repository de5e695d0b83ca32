import { describe, expect, it } from 'vitest'
import { normaliseText, tokenise } from './text.js'

describe('normaliseText', () => {
  it('composes characters and folds every kind of white space into single spaces', () => {
    expect(normaliseText('  Cafe\u0301\u00a0 au\n\tlait ')).toBe('Café au lait')
  })
})

describe('tokenise', () => {
  it('splits letters from digits and takes every other visible character by itself', () => {
    expect(tokenise("INV-20931 at 7pm, don't").map((token) => token.text)).toEqual([
      'INV',
      '-',
      '20931',
      'at',
      '7',
      'pm',
      ',',
      'don',
      "'",
      't',
    ])
  })

  it('gives places in the text as it was given, also past characters of two units', () => {
    const text = '😀  Zoë 12'
    for (const token of tokenise(text)) expect(text.slice(token.start, token.end)).toBe(token.text)
    expect(tokenise(text).map((token) => token.start)).toEqual([0, 4, 8])
  })

  it('finds nothing in nothing', () => {
    expect(tokenise(' \n')).toEqual([])
  })
})
