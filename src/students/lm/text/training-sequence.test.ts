/** What is learned is exactly what is served: the same prompt, then the answer, then one end of turn. */
import { describe, expect, it } from 'vitest'
import { families, fixtureTokenizer } from '../../../../test/support/fixture-tokenizer.ts'
import type { TrainingSequence } from '../types.ts'
import { createChatEncoder, promptIds } from './encode-conversation.ts'
import {
  checkSequence,
  describeSequence,
  trainingSequences,
  withinLength,
  type WeightedMessage,
} from './training-sequence.ts'

const system = { role: 'system' as const, content: 'Sort it.' }
const user = (content: string): WeightedMessage => ({ role: 'user', content })
const answer = (content: string, weight?: 0 | 1): WeightedMessage => ({ role: 'assistant', content, weight })
const learnedIds = ({ ids, trained }: TrainingSequence): number[] =>
  Array.from(ids).filter((_, index) => trained[index] === 1)

describe.each(families)('a training sequence for a model like %s', (family) => {
  const encoder = createChatEncoder(fixtureTokenizer(family))
  const { tokenizer } = encoder
  const [end] = tokenizer.endOfTurnIds

  it('is the served prompt, the answer and one end of turn, of which only the last two are trained', () => {
    for (const text of ['{"a":1}', ' padded', '', '\n\nlines\n', 'says <|im_end|> itself']) {
      const [{ ids, trained }] = trainingSequences(encoder, [system, user('Hi'), answer(text)])
      const prompt = promptIds(encoder, [system, user('Hi')])
      expect(ids.subarray(0, prompt.length)).toEqual(prompt)
      expect(trained).toEqual(new Uint8Array(ids.length).fill(1, prompt.length))
      expect(ids.at(-1)).toBe(end)
      expect(Array.from(ids.subarray(prompt.length)).filter((id) => id === end)).toHaveLength(1)
    }
  })

  it('has the answer in the tokens in which it is written', () => {
    const [sequence] = trainingSequences(encoder, [user('Hi'), answer('{"intent":"how_to"}')])
    expect(learnedIds(sequence)).toEqual([...tokenizer.encode('{"intent":"how_to"}'), end])
  })

  it('learns each answer of a conversation once, but those of weight 0', () => {
    const turns = [
      system,
      user('one'),
      answer('first', 0),
      user('two'),
      answer('second'),
      user('three'),
      answer('third'),
    ]
    const sequences = trainingSequences(encoder, turns)
    const texts = sequences.flatMap((sequence) => tokenizer.decode(learnedIds(sequence)).split('<|im_end|>'))
    expect(texts.filter((text) => text !== '').sort()).toEqual(['second', 'third'])
    for (const sequence of sequences) expect(() => checkSequence(encoder, sequence)).not.toThrow()
  })

  it('ends with the last answer that is learned', () => {
    const [sequence] = trainingSequences(encoder, [
      user('a'),
      answer('b'),
      user('c'),
      answer('d', 0),
      user('e'),
    ])
    expect(tokenizer.decode(learnedIds(sequence))).toBe('b<|im_end|>')
    expect(sequence.ids.at(-1)).toBe(end)
  })

  it('shares with others of its system turn what stands before the user, and not less', () => {
    const [one] = trainingSequences(encoder, [system, user('Hello'), answer('x')])
    const [other] = trainingSequences(encoder, [system, user('Good morning'), answer('y')])
    expect(other.sharedPrefix).toBe(one.sharedPrefix)
    expect(other.ids.subarray(0, one.sharedPrefix)).toEqual(one.ids.subarray(0, one.sharedPrefix))
    expect(tokenizer.decode(one.ids.subarray(0, one.sharedPrefix))).toContain('Sort it.')
    const [third] = trainingSequences(encoder, [{ ...system, content: 'Other.' }, user('Hello'), answer('x')])
    expect(third.ids.subarray(0, one.sharedPrefix)).not.toEqual(one.ids.subarray(0, one.sharedPrefix))
  })
})

describe('training sequences', () => {
  const encoder = createChatEncoder(fixtureTokenizer())
  const refusal = expect.objectContaining({ code: 'TRAINING_REFUSED' })

  it('show what is trained', () => {
    const [sequence] = trainingSequences(encoder, [
      system,
      user('Hi'),
      answer('a', 1),
      user('b'),
      answer('c'),
    ])
    expect(describeSequence(encoder, sequence)).toBe(
      '<|im_start|>system\nSort it.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n⟦a<|im_end|>⟧\n' +
        '<|im_start|>user\nb<|im_end|>\n<|im_start|>assistant\n⟦c<|im_end|>⟧',
    )
  })

  it('are one each answer where the template writes an earlier answer otherwise than it is asked for', () => {
    const thinking = createChatEncoder(fixtureTokenizer('qwen'))
    expect(trainingSequences(thinking, [user('a'), answer('b'), user('c'), answer('d')])).toHaveLength(2)
    expect(trainingSequences(encoder, [user('a'), answer('b'), user('c'), answer('d')])).toHaveLength(1)
  })

  it('are refused where nothing is learned, or never to stop', () => {
    expect(() => trainingSequences(encoder, [user('a')])).toThrowError(refusal)
    expect(() => trainingSequences(encoder, [user('a'), answer('b', 0)])).toThrowError(refusal)
    const [sequence] = trainingSequences(encoder, [user('a'), answer('b')])
    const masked = { ...sequence, trained: sequence.trained.map(() => 0) }
    expect(() => checkSequence(encoder, masked)).toThrowError(refusal)
    const endless = { ...sequence, trained: sequence.trained.with(sequence.ids.length - 1, 0) }
    expect(() => checkSequence(encoder, endless)).toThrowError(
      expect.objectContaining({ message: expect.stringContaining('never stop') }),
    )
    const mute = createChatEncoder({ ...fixtureTokenizer(), endOfTurnIds: [] })
    expect(() => trainingSequences(mute, [user('a'), answer('b')])).toThrowError(refusal)
  })

  it('that are too long are left out and counted, never cut', () => {
    const rows = ['a', 'b'.repeat(200)].flatMap((text) =>
      trainingSequences(encoder, [user('x'), answer(text)]),
    )
    expect(withinLength(rows, 60)).toEqual({ kept: [rows[0]], leftOut: 1 })
  })
})
