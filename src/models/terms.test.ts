import { describe, expect, it } from 'vitest'
import { termsOf } from './terms.ts'

describe('termsOf', () => {
  it.each([
    ['openai/gpt-6-sol', 'restricted', 'OpenAI'],
    ['openrouter/openai/gpt-4o', 'restricted', 'OpenAI'],
    ['openrouter/openai/gpt-oss-120b', 'allowed', 'Apache'],
    ['openrouter/anthropic/claude-5', 'restricted', 'Anthropic'],
    ['openrouter/google/gemini-3-pro', 'restricted', 'Gemini'],
    ['ollama/gemma3', 'restricted', 'Gemma'],
    ['together/meta-llama/Llama-3.3-70B-Instruct', 'restricted', 'Built with Llama'],
    ['deepseek/deepseek-chat', 'allowed', 'DeepSeek'],
    ['ollama/qwen3', 'unknown', 'Qwen'],
    ['ollama/my-own', 'unknown', 'Not known'],
    ['recorded/with-guide', 'unknown', 'Not known'],
  ])('says of %s that it is %s', (model, status, word) => {
    expect(termsOf(model)).toMatchObject({ status, text: expect.stringContaining(word) })
  })

  it('always tells the reader to check', () => {
    for (const model of [
      'openai/x',
      'a/claude',
      'a/gemma',
      'a/gemini',
      'a/grok',
      'a/llama',
      'a/deepseek',
      'a/qwen',
      'a/mixtral',
      'a/codestral',
      'a/b',
    ]) {
      expect(termsOf(model).text).toMatch(/check/)
    }
  })
})
