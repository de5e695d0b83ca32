import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../core/chat-model.ts'
import { createBodyWriter } from './chat-body.ts'
import { resolveProvider, type ProviderSettings } from './providers.ts'

function write(request: ChatRequest, settings: Partial<ProviderSettings> = {}) {
  const declared = { local: { baseUrl: 'http://127.0.0.1:1/v1', ...settings } }
  const { provider, model } = resolveProvider('local/m', { declared, env: {} })
  return JSON.parse(createBodyWriter(provider, model)(request)) as Record<string, unknown>
}

const messages = [
  { role: 'system', content: 'Sort.' },
  { role: 'user', content: 'hello' },
] as const
const schema = { type: 'object', properties: { a: { enum: ['x'] } }, required: ['a'] }

describe('createBodyWriter', () => {
  it('sends nothing that was not asked for', () => {
    expect(write({ messages })).toEqual({ model: 'm', messages })
  })

  it('sends what was asked for, by the names that the provider knows', () => {
    const request = { messages, temperature: 0, maxTokens: 50, seed: 7, logprobs: true }
    const common = { model: 'm', messages, temperature: 0, seed: 7 }
    expect(write(request)).toEqual({ ...common, max_tokens: 50, logprobs: true, top_logprobs: 5 })
    expect(write(request, { maxTokensField: 'max_completion_tokens', topLogprobs: 0 })).toEqual({
      ...common,
      max_completion_tokens: 50,
    })
  })

  it('holds the model to the schema', () => {
    expect(write({ messages, schema })).toMatchObject({
      messages,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: { additionalProperties: false } },
      },
    })
  })

  it.each(['json_object', 'none'] as const)(
    'tells the model the schema where it can only be held to %s',
    (structuredOutput) => {
      const body = write({ messages, schema }, { structuredOutput })
      const [system, user] = body.messages as { content: string }[]
      expect(system.content).toMatch(/^Sort\.\n\n.*JSON Schema/)
      expect(system.content).toContain(JSON.stringify(schema))
      expect(user).toEqual(messages[1])
      expect(body.response_format).toEqual(structuredOutput === 'none' ? undefined : { type: 'json_object' })
      expect(write({ messages: [messages[1]], schema }, { structuredOutput }).messages).toHaveLength(2)
    },
  )

  it('gives the same text for the same request', () => {
    expect(JSON.stringify(write({ messages, seed: 1, temperature: 0 }))).toBe(
      JSON.stringify(write({ temperature: 0, seed: 1, messages })),
    )
  })
})
