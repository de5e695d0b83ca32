import { DatabaseSync } from '@photostructure/sqlite'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { migrate } from './migrations.ts'
import { createRequestHeads } from './request-heads.ts'

function open() {
  const database = new DatabaseSync(':memory:')
  migrate(database, ':memory:')
  const heads = () =>
    database.prepare('SELECT id, text FROM request_heads').all() as { id: number; text: string }[]
  return { split: createRequestHeads(database), heads }
}

describe('createRequestHeads', () => {
  it('keeps one long prompt once, also when requests with another come in between', () => {
    const { split, heads } = open()
    const prompts = ['a', 'b'].map((letter) => letter.repeat(2000))
    const tails = Array.from({ length: 50 }, (_, i) => split(`${prompts[i % 2]}${i} message`).tail)
    expect(heads().map(({ text }) => text.slice(0, 2000))).toEqual(prompts)
    expect(tails.slice(4).every((tail) => tail.length < 20)).toBe(true)
  })

  it('loses no character of any request', () => {
    const start = fc.constantFrom(
      'x'.repeat(600),
      '\u{1F600}'.repeat(300),
      `${'\u{1F600}'.repeat(300)}\u{1F601}`,
    )
    const requests = fc.array(fc.tuple(start, fc.string({ unit: 'grapheme' })), { maxLength: 30 })
    fc.assert(
      fc.property(requests, (parts) => {
        const { split, heads } = open()
        const texts = parts.map(([first, rest]) => first + rest)
        const pieces = texts.map(split)
        const stored = new Map(heads().map(({ id, text }) => [id, text]))
        const joined = pieces.map(({ head, tail }) => (head === null ? '' : stored.get(head)) + tail)
        expect(joined).toEqual(texts)
      }),
      { numRuns: 50 },
    )
  })
})
