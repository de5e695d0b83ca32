import { describe, expect, it } from 'vitest'
import { resolveProvider, type ProviderSettings } from './providers.ts'

const env = { OPENAI_API_KEY: ' sk-test\n' }
const local: ProviderSettings = { baseUrl: 'http://127.0.0.1:8080/v1/' }

describe('resolveProvider', () => {
  it('knows openai, its key and the model behind the first slash', () => {
    const { provider, model } = resolveProvider('openai/gpt-6-sol', { env })
    expect(provider).toMatchObject({
      name: 'openai',
      baseUrl: 'https://api.openai.com/v1',
      key: 'sk-test',
      concurrency: 64,
    })
    expect(model).toBe('gpt-6-sol')
    expect(resolveProvider('openrouter/meta/llama-4', { env: { OPENROUTER_API_KEY: 'k' } }).model).toBe(
      'meta/llama-4',
    )
  })

  it('honours OPENAI_BASE_URL', () => {
    const { provider } = resolveProvider('openai/m', {
      env: { ...env, OPENAI_BASE_URL: 'http://localhost:1/v1' },
    })
    expect(provider).toMatchObject({
      baseUrl: 'http://localhost:1/v1',
      maxTokensField: 'max_completion_tokens',
    })
  })

  it('takes a declared provider, without a key where none is named, and over a known one of that name', () => {
    expect(resolveProvider('local/m', { declared: { local }, env: {} }).provider).toMatchObject({
      baseUrl: 'http://127.0.0.1:8080/v1',
      key: null,
      structuredOutput: 'json_schema',
    })
    expect(resolveProvider('openai/m', { declared: { openai: local }, env: {} }).provider.key).toBeNull()
  })

  it.each(['nowhere/m', 'm', 'openai/', '/m', '', 'constructor/m'])('does not know %j', (model) => {
    expect(() => resolveProvider(model, { env, declared: { local } })).toThrow(
      expect.objectContaining({ code: 'MODEL_UNKNOWN', hint: expect.stringContaining('local, openai') }),
    )
  })

  it.each([undefined, '', '  \n'])('says which variable is missing when the key is %j', (key) => {
    expect(() => resolveProvider('openai/m', { env: { OPENAI_API_KEY: key } })).toThrow(
      expect.objectContaining({
        code: 'MODEL_KEY_MISSING',
        message: expect.stringContaining('OPENAI_API_KEY'),
      }),
    )
  })

  it('refuses a key that would break out of its header, without showing it', () => {
    const env = { OPENAI_API_KEY: 'secret\r\nx-other: 1' }
    expect(() => resolveProvider('openai/m', { env })).toThrow(
      expect.objectContaining({ code: 'MODEL_KEY_MISSING', message: expect.not.stringContaining('secret') }),
    )
  })

  it.each([
    ['not a url', 'is not a URL'],
    ['file:///etc/passwd', 'http:// or https://'],
    ['javascript:alert(1)', 'http:// or https://'],
    ['http://user:secret@host/v1', 'password'],
    ['http://host/v1?key=secret', 'query'],
    ['http://host/v1#secret', 'fragment'],
  ])('refuses the base URL %s without repeating it', (baseUrl, fault) => {
    const resolve = () => resolveProvider('local/m', { declared: { local: { baseUrl } }, env: {} })
    expect(resolve).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(fault) }),
    )
    expect(resolve).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }))
  })

  it.each([
    [{ 'x-team': 'a\r\nauthorization: b' }],
    [{ 'bad name': 'a' }],
    [{ Authorization: 'Bearer x' }],
    [{ 'Content-Length': '1' }],
    [{ 'x-team': 'ü' }],
  ])('refuses the headers %j', (headers) => {
    expect(() => resolveProvider('local/m', { declared: { local: { ...local, headers } }, env: {} })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('providers.local.headers'),
      }),
    )
  })
})
