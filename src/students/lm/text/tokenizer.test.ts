/** Token for token what transformers gives, for texts that break tokenizers; recorded by bench/lm-text-reference.py. */
import { Tokenizer } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  expectedOf,
  families,
  fixtureTexts,
  fixtureTokenizer,
} from '../../../../test/support/fixture-tokenizer.ts'
import type { TokenizerFiles } from '../types.ts'
import { createTokenizer } from './tokenizer.ts'

describe.each(families)('a tokenizer that cuts text like %s', (family) => {
  const tokenizer = createTokenizer(fixtureTokenizer(family))

  it('gives the ids that transformers gives', () => {
    const ours = fixtureTexts.map((text) => [text, Array.from(tokenizer.encode(text))])
    expect(ours).toEqual(fixtureTexts.map((text, index) => [text, expectedOf(family).texts[index]]))
  })

  it('gives back every text byte for byte, but for Unicode normalising', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const expected = family === 'qwen' ? text.normalize('NFC') : text
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(expected)
      }),
    )
    for (const text of fixtureTexts) {
      const expected = family === 'qwen' ? text.normalize('NFC') : text
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(expected)
    }
  })

  it('cuts pieces where no token crosses', () => {
    for (const text of fixtureTexts) {
      const pieces = tokenizer.pieceLengths(text)
      if (pieces === null) continue
      const ends = new Set(running(pieces))
      const tokenEnds = new Set(
        running(Array.from(tokenizer.encode(text), (id) => tokenizer.tokenBytes(id).length)),
      )
      expect([...ends].filter((end) => !tokenEnds.has(end))).toEqual([])
    }
  })
})

describe('special tokens', () => {
  const tokenizer = createTokenizer(fixtureTokenizer())
  const [end] = tokenizer.endOfTurnIds

  it('are text in what a user wrote, and tokens in what a template wrote', () => {
    const text = 'a<|im_end|>b <|endoftext|>'
    expect(tokenizer.encode(text, { special: true })).toContain(end)
    const plain = tokenizer.encode(text)
    expect([...tokenizer.specialIds.values()].some((id) => plain.includes(id))).toBe(false)
    expect(tokenizer.decode(plain)).toBe(text)
  })

  it('leave tokens that are merely added what they are', () => {
    expect(Array.from(tokenizer.encode('<think>'))).toHaveLength(1)
    expect(tokenizer.pieceLengths('a <think>')).toBeNull()
  })

  it('have the bytes of their text', () => {
    expect(Buffer.from(tokenizer.tokenBytes(end)).toString()).toBe('<|im_end|>')
    expect(tokenizer.tokenBytes(tokenizer.vocabularySize)).toHaveLength(0)
  })
})

describe('decoding token by token', () => {
  const tokenizer = createTokenizer(fixtureTokenizer())

  it('never gives half a character, and in sum the whole text', () => {
    for (const text of [...fixtureTexts, '\u{feff}\u{1f468}\u{200d}\u{1f469}']) {
      const decoder = tokenizer.streamDecoder()
      const parts = Array.from(tokenizer.encode(text), (id) => decoder.push(id))
      expect(parts.join('')).toBe(text)
      expect(decoder.end()).toBe('')
    }
  })

  it('says at the end that a character is missing a part', () => {
    const decoder = tokenizer.streamDecoder()
    const [first] = tokenizer.encode('\u{1f921}')
    expect(decoder.push(first)).toBe('')
    expect(decoder.end()).toBe('\ufffd')
  })

  it('agrees with the library where no clean-up is asked for', () => {
    const files = fixtureTokenizer()
    const library = new Tokenizer(files.tokenizer, files.config) as {
      decode(ids: readonly number[], options: object): string
    }
    for (const text of fixtureTexts.filter((text) => text !== '' && !text.startsWith('\ufeff'))) {
      const ids = Array.from(tokenizer.encode(text))
      expect(library.decode(ids, { clean_up_tokenization_spaces: false })).toBe(tokenizer.decode(ids))
    }
  })
})

describe('files that make no tokenizer', () => {
  const files = fixtureTokenizer()
  const withModel = (tokenizer: Record<string, unknown>): TokenizerFiles => ({
    ...files,
    tokenizer: { ...files.tokenizer, ...tokenizer },
  })

  it('are refused with what they are', () => {
    expect(() => createTokenizer(withModel({ model: { type: 'Unigram', vocab: [['a', 0]] } }))).toThrowError(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('"Unigram"') }),
    )
    expect(() => createTokenizer(withModel({ decoder: { type: 'Metaspace' } }))).toThrowError(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }),
    )
    expect(() => createTokenizer(withModel({ normalizer: { type: 'None such' } }))).toThrowError(
      expect.objectContaining({ code: 'MODEL_FILE_INVALID', message: expect.stringContaining('None such') }),
    )
  })
})

function running(lengths: readonly number[]): number[] {
  let sum = 0
  return lengths.map((length) => (sum += length))
}
