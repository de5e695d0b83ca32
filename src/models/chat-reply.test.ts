import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../core/json.ts'
import { parseBody, readReply, readUsage } from './chat-reply.ts'

const choice = (message: Json, rest: object = {}) =>
  ({ choices: [{ message, finish_reason: 'stop', ...rest }] }) as Json

describe('readReply', () => {
  it('reads the content and why it ended', () => {
    expect(readReply(choice({ content: 'yes' }))).toEqual({ content: 'yes', finishReason: 'stop' })
    expect(
      readReply(
        choice({
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        }),
      ),
    ).toMatchObject({
      content: 'ab',
    })
  })

  it.each([
    ['a refusal', choice({ content: null, refusal: 'I cannot.' }), { content: '', refusal: 'I cannot.' }],
    [
      'an answer cut by its length',
      choice({ content: 'ye' }, { finish_reason: 'length' }),
      { content: 'ye', finishReason: 'length' },
    ],
    [
      'thinking that used up the length',
      choice({ content: null }, { finish_reason: 'length' }),
      { content: '', finishReason: 'length' },
    ],
    [
      'a filtered answer',
      choice({ content: null }, { finish_reason: 'content_filter' }),
      { content: '', finishReason: 'content_filter' },
    ],
  ])('takes %s as an answer', (_, body, expected) => {
    expect(readReply(body)).toMatchObject(expected)
  })

  it.each([
    ['no JSON', undefined, 'not a JSON object'],
    ['a list', [], 'not a JSON object'],
    ['an error in a 200', { error: { message: 'overloaded' } }, 'an error: overloaded'],
    ['no choices', {}, 'no choices'],
    ['empty choices', { choices: [] }, 'choices is empty'],
    ['null content', choice({ content: null }), 'no content'],
    ['empty content', choice({ content: '' }), 'no content'],
    ['no message', { choices: [{ finish_reason: 'stop' }] }, 'no content'],
  ])('finds no answer in %s', (_, body, fault) => {
    expect(readReply(body)).toEqual({ fault: expect.stringContaining(fault) })
  })

  it('puts an answer to the strict copy back into the shape of the schema', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' }, b: { type: ['string', 'null'] } } }
    expect(readReply(choice({ content: '{"a":null,"b":null}' }), schema)).toMatchObject({
      content: '{"b":null}',
    })
    expect(readReply(choice({ content: '{ "b": null }' }), schema)).toMatchObject({
      content: '{ "b": null }',
    })
    expect(readReply(choice({ content: 'null, I think' }), schema)).toMatchObject({
      content: 'null, I think',
    })
  })

  it('reads log-probabilities with their alternatives, and skips what it cannot read', () => {
    const content = [
      {
        token: 'a',
        logprob: -0.1,
        top_logprobs: [{ token: 'a', logprob: -0.1 }, { token: 'b', logprob: -2 }, 7],
      },
      { token: 5 },
    ]
    expect(readReply(choice({ content: 'a' }, { logprobs: { content } }))).toMatchObject({
      logprobs: [
        {
          token: 'a',
          logprob: -0.1,
          alternatives: [
            { token: 'a', logprob: -0.1 },
            { token: 'b', logprob: -2 },
          ],
        },
      ],
    })
  })

  it('throws for no body at all', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const body of [
          value,
          { choices: value },
          { choices: [value] },
          { choices: [{ message: value, logprobs: { content: [value] } }], usage: value },
        ]) {
          readReply(body as Json, { type: 'object', properties: {} })
          readUsage(body as Json)
        }
      }),
    )
  })
})

describe('readUsage', () => {
  it('reads cached tokens as OpenAI and as DeepSeek name them', () => {
    const usage = { prompt_tokens: 10, completion_tokens: 2 }
    expect(readUsage({ usage })).toEqual({ promptTokens: 10, cachedPromptTokens: 0, completionTokens: 2 })
    expect(
      readUsage({ usage: { ...usage, prompt_tokens_details: { cached_tokens: 8 } } })?.cachedPromptTokens,
    ).toBe(8)
    expect(readUsage({ usage: { ...usage, prompt_cache_hit_tokens: 6 } })?.cachedPromptTokens).toBe(6)
    expect(
      readUsage({ usage: { ...usage, prompt_tokens_details: { cached_tokens: 99 } } })?.cachedPromptTokens,
    ).toBe(10)
  })

  it.each([
    undefined,
    null,
    {},
    { usage: null },
    { usage: { prompt_tokens: -1, completion_tokens: 2 } },
    { usage: { prompt_tokens: '1', completion_tokens: 2 } },
  ])('knows nothing from %j', (body) => {
    expect(readUsage(body as Json)).toBeNull()
  })
})

describe('parseBody', () => {
  it('gives undefined for what is no JSON', () => {
    expect(parseBody('<html>')).toBeUndefined()
    expect(parseBody('')).toBeUndefined()
    expect(parseBody('null')).toBeNull()
    expect(parseBody('['.repeat(200_000))).toBeUndefined()
  })
})
