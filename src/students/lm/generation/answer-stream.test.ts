import { array, assert, constantFrom, property } from 'fast-check'
import { expect, it } from 'vitest'
import { createAnswerStream } from './answer-stream.ts'

/** Tokens are byte strings; a token's id is its index. */
function streamOf(tokens: readonly Uint8Array[], stops: readonly string[]) {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const pieces: string[] = []
  const stream = createAnswerStream(
    { push: (id) => decoder.decode(tokens[id], { stream: true }), end: () => decoder.decode() },
    stops,
    (text) => pieces.push(text),
  )
  return { stream, pieces }
}

/** The text's bytes, cut after each of these lengths. */
function cut(text: string, lengths: readonly number[]): Uint8Array[] {
  const bytes = new TextEncoder().encode(text)
  const parts: Uint8Array[] = []
  let at = 0
  for (const length of lengths) parts.push(bytes.subarray(at, (at += length)))
  return [...parts, bytes.subarray(at)]
}

it('gives out whole characters only, and all of them', () => {
  const lengths = array(constantFrom(1, 2, 3), { maxLength: 12 })
  assert(
    property(lengths, (cuts) => {
      const text = 'é中🙂 ok\u0301'
      const tokens = cut(text, cuts)
      const { stream, pieces } = streamOf(tokens, ['never'])
      for (const id of tokens.keys()) expect(stream.push(id)).toBe(false)
      stream.end()
      expect(pieces.join('')).toBe(text)
      expect(stream.text).toBe(text)
      for (const piece of pieces) expect(text).toContain(piece)
      expect(pieces.join()).not.toContain('\ufffd')
    }),
  )
})

it('ends at the first stop text wherever tokens are cut, and gives out nothing of it', () => {
  const lengths = array(constantFrom(1, 2, 3, 5), { maxLength: 12 })
  assert(
    property(lengths, (cuts) => {
      const tokens = cut('aé##b\n###\nrest', cuts)
      const { stream, pieces } = streamOf(tokens, ['rest', '\n###', '##\n#'])
      const stopped = [...tokens.keys()].some((id) => stream.push(id))
      stream.end()
      expect(stopped).toBe(true)
      expect(pieces.join('')).toBe('aé##b')
    }),
  )
})

it('holds back what may become a stop text, and gives it out when it does not', () => {
  const { stream, pieces } = streamOf(cut('one END', [4, 2]), ['ENDING'])
  stream.push(0)
  stream.push(1)
  expect(pieces).toEqual(['one '])
  stream.push(2)
  expect(pieces).toEqual(['one '])
  stream.end()
  expect(pieces.join('')).toBe('one END')
})

it('shows a character that was never completed as U+FFFD', () => {
  const { stream } = streamOf([new TextEncoder().encode('é').subarray(0, 1)], [])
  stream.push(0)
  expect(stream.text).toBe('')
  stream.end()
  expect(stream.text).toBe('\ufffd')
})
