import { Tokenizer } from '@huggingface/tokenizers'
import { describe, expect, it } from 'vitest'
import { learnMerges } from '../../../../test/support/learn-merges.ts'
import type { GgufMetadata, GgufValue } from './gguf.ts'
import { tokenizerFromGguf } from './gguf-tokenizer.ts'
import { preTokenizerKind, preTokenizerNameOf } from './pre-tokenizers.ts'

const { bytes, merges } = learnMerges(60)
const tokens = [
  '<|endoftext|>',
  '<|im_start|>',
  '<|im_end|>',
  '<tool>',
  '[PAD4]',
  ...bytes,
  ...merges.map(([left, right]) => left + right),
]

function metadata(changes: Readonly<Record<string, GgufValue>> = {}): GgufMetadata {
  const fields: Record<string, GgufValue> = {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': tokens.map((_, id) => (id < 3 ? 3 : id === 3 ? 4 : id === 4 ? 5 : 1)),
    'tokenizer.ggml.merges': merges.map((pair) => pair.join(' ')),
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    'tokenizer.chat_template': 'template that writes <|im_end|>',
  }
  return new Map(Object.entries({ ...fields, ...changes }))
}

function encode(text: string, changes: Readonly<Record<string, GgufValue>> = {}): string[] {
  const { tokenizer, config } = tokenizerFromGguf('file', metadata(changes))
  return new Tokenizer(tokenizer, config).tokenize(text, { add_special_tokens: true })
}

describe('a tokenizer from GGUF', () => {
  it('keeps special and user-defined tokens whole, and has unused ones match nothing', () => {
    expect(encode('<|im_start|>a<tool>[PAD4]').slice(0, 3)).toEqual(['<|im_start|>', 'a', '<tool>'])
    expect(encode('[PAD4]')).not.toContain('[PAD4]')
  })

  it.each([
    ['smollm', ['a', 'ĠĠ', '1', '2']],
    ['qwen2', ['a', 'Ġ', 'Ġ', '1', '2']],
    ['gpt-2', ['a', 'Ġ', 'Ġ12']],
    ['llama-bpe', ['<|im_start|>', 'a', 'Ġ', 'Ġ', '12']],
  ])('cuts digits after spaces as %s does', (pre, expected) => {
    const more = ['ĠĠ', '12', 'Ġ12'].filter((token) => !tokens.includes(token))
    const changes = {
      'tokenizer.ggml.pre': pre,
      'tokenizer.ggml.tokens': [...tokens, ...more],
      'tokenizer.ggml.merges': ['Ġ Ġ', '1 2', 'Ġ 12'],
    }
    expect(encode('a  12', changes)).toEqual(expected)
  })

  it('begins a text with the mark where the file says so, or is of the kind of Llama 3', () => {
    const first = (changes: Readonly<Record<string, GgufValue>>): string => encode('a', changes)[0]
    expect(first({})).toBe('a')
    expect(first({ 'tokenizer.ggml.add_bos_token': true })).toBe('<|im_start|>')
    expect(first({ 'tokenizer.ggml.pre': 'llama-bpe' })).toBe('<|im_start|>')
    expect(first({ 'tokenizer.ggml.pre': 'llama-bpe', 'tokenizer.ggml.add_bos_token': false })).toBe('a')
  })

  it('ends turns at the token that the template writes, whatever the file calls the end of text', () => {
    const ends = (changes: Readonly<Record<string, GgufValue>>): readonly number[] =>
      tokenizerFromGguf('file', metadata(changes)).endOfTurnIds
    expect(ends({})).toEqual([2])
    expect(ends({ 'tokenizer.ggml.eos_token_id': 0 })).toEqual([2, 0])
    expect(ends({ 'tokenizer.ggml.eos_token_id': 0, 'tokenizer.chat_template': 'other' })).toEqual([0, 2])
  })

  it.each([
    [{ 'tokenizer.ggml.model': 'llama' }, 'MODEL_UNSUPPORTED', /kind "llama"; "gpt2" is read/],
    [
      { 'tokenizer.ggml.pre': 'tekken' },
      'MODEL_UNSUPPORTED',
      /as "tekken" does; smollm, llama-bpe, qwen2, gpt-2 are read/,
    ],
    [{ 'tokenizer.ggml.tokens': 7 }, 'MODEL_FILE_INVALID', /has no list of texts tokenizer\.ggml\.tokens/],
    [{ 'tokenizer.ggml.eos_token_id': 99_999 }, 'MODEL_FILE_INVALID', /eos_token_id 99999: no such token/],
    [{ 'tokenizer.ggml.merges': ['abc'] }, 'MODEL_FILE_INVALID', /a merge that is not of two parts: "abc"/],
  ])('is refused where it does not fit: %o', (changes, code, said) => {
    let thrown: unknown
    try {
      encode('a', changes)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code, message: expect.stringMatching(said) as string })
  })
})

describe('the name of a way to cut text', () => {
  it('is found whether digits are cut by a pattern or by "Digits"', () => {
    const preTokenizer = {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    }
    expect(preTokenizerNameOf({ normalizer: null, pre_tokenizer: preTokenizer })).toBe('smollm')
  })

  it('is null for one that GGUF would cut otherwise', () => {
    const { preTokenizer } = preTokenizerKind('file', 'qwen2')
    expect(preTokenizerNameOf({ normalizer: null, pre_tokenizer: preTokenizer })).toBeNull()
    expect(preTokenizerNameOf({ normalizer: null, pre_tokenizer: { type: 'Whitespace' } })).toBeNull()
    expect(preTokenizerNameOf({})).toBeNull()
  })
})
