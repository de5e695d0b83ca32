import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ChatRequest } from '../core/chat-model.ts'
import { loadTokenCounter } from './count-tokens.ts'
import { loadPriceTable } from './prices.ts'
import { openRecordedModel } from './recorded-model.ts'

const folder = mkdtempSync(join(tmpdir(), 'potstill-recorded-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function open(lines: readonly (object | string)[]) {
  const file = join(folder, `${files++}.jsonl`)
  writeFileSync(
    file,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  )
  return openRecordedModel({ name: 'test', file, shownAs: 'recorded/test.jsonl', prices: loadPriceTable() })
}

const ask = (content: string): ChatRequest => ({
  messages: [
    { role: 'system', content: 'Sort.' },
    { role: 'user', content },
  ],
})

describe('openRecordedModel', () => {
  it('finds an answer by the last user message, however it is spaced and composed', async () => {
    const model = await open([
      { input: 'caf\u00e9  au\nlait', answer: { a: 1 } },
      { input: 'other', answer: 'text' },
    ])
    expect(model).toMatchObject({ id: 'recorded/test', source: 'recorded' })
    expect(await model.complete(ask(' cafe\u0301 au lait '))).toMatchObject({
      content: '{"a":1}',
      latencyMs: null,
    })
    expect(await model.complete(ask('other'))).toMatchObject({ content: 'text', priceUsd: null, usage: null })
  })

  it('guesses nothing for an input without a record', async () => {
    const model = await open([{ input: 'known', answer: 'x' }])
    await expect(model.complete(ask('unknown'))).rejects.toMatchObject({
      code: 'RECORD_MISSING',
      message: 'recorded/test.jsonl holds no answer to "unknown"',
    })
  })

  it('prices answers as if the named model had given them, the whole request counted', async () => {
    const model = await open([
      { input: 'hello', answer: { label: 'greeting' }, pricedAs: 'openai/gpt-6-sol' },
    ])
    const { usage, priceUsd } = await model.complete(ask('hello'))
    const counter = await loadTokenCounter()
    const promptTokens = counter.ofText('Sort.') + counter.ofText('hello') + 2 * 4 + 3
    const completionTokens = counter.ofText('{"label":"greeting"}')
    expect(usage).toEqual({ promptTokens, completionTokens, cachedPromptTokens: 0 })
    expect(priceUsd).toBeCloseTo((promptTokens * 2 + completionTokens * 10) / 1e6, 12)
    expect(model.priceBasis).toMatch(/^as if answered by openai\/gpt-6-sol at prices of .*o200k_base$/)
  })

  it('says that the price of the named model is not known', async () => {
    const model = await open([{ input: 'a', answer: 'b', pricedAs: 'x/y' }])
    expect(await model.complete(ask('a'))).toMatchObject({ priceUsd: null })
    expect(model.priceBasis).toContain('not known for x/y')
  })

  it('names both lines where one input has two answers', async () => {
    const lines = [
      { input: 'a', answer: { x: 1, y: 2 } },
      { input: 'b', answer: 'c' },
      { input: ' a ', answer: { x: 2 } },
    ]
    await expect(open(lines)).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: 'recorded/test.jsonl:3: the input of line 1 again, with another answer',
    })
  })

  it('takes one input twice with the same answer, whatever the order of its keys', async () => {
    const model = await open([
      { input: 'a', answer: { x: 1, y: 2 } },
      { input: 'a', answer: { y: 2, x: 1 } },
    ])
    expect(await model.complete(ask('a'))).toMatchObject({ content: '{"x":1,"y":2}' })
  })

  it.each([
    [['{"input": "a"'], 'DATA_INVALID', 'recorded/test.jsonl:1'],
    [[{ input: 'a', answer: 1 }, { answer: 1 }], 'DATA_INVALID', 'recorded/test.jsonl:2'],
    [[{ input: 5, answer: 1 }], 'DATA_INVALID', '"input"'],
    [[{ input: 'a' }], 'DATA_INVALID', '"answer"'],
    [[{ input: 'a', answer: 1, pricedAs: 3 }], 'DATA_INVALID', '"pricedAs"'],
    [[], 'DATA_EMPTY', 'recorded/test.jsonl'],
  ])('refuses %j', async (lines, code, message) => {
    await expect(open(lines)).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })

  it('says which file is not there', async () => {
    const file = join(folder, 'missing.jsonl')
    await expect(openRecordedModel({ name: 'x', file, prices: loadPriceTable() })).rejects.toMatchObject({
      code: 'DATA_NOT_FOUND',
    })
  })
})

describe('loadTokenCounter', () => {
  it('counts as o200k_base does', async () => {
    const { ofText } = await loadTokenCounter()
    // Published with tiktoken's examples.
    expect(ofText('tiktoken is great!')).toBe(6)
    expect(ofText('')).toBe(0)
  })

  it('takes special tokens in a text for text', async () => {
    const { ofText, ofRequest } = await loadTokenCounter()
    expect(ofText('<|endoftext|>')).toBeGreaterThan(1)
    expect(ofRequest(ask('<|im_start|>'))).toBeGreaterThan(3)
  })

  it('counts the output schema with the request', async () => {
    const { ofRequest, ofText } = await loadTokenCounter()
    const schema = { type: 'object', properties: { a: { enum: ['x', 'y'] } } }
    expect(ofRequest({ ...ask('hello'), schema }) - ofRequest(ask('hello'))).toBe(
      ofText(JSON.stringify(schema)),
    )
  })
})
