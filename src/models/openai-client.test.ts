import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startProvider, type FaultName, type OwnResponse } from '../../test/support/fault-provider.ts'
import { createChatClient } from './openai-client.ts'
import { resolveProvider, type ProviderSettings } from './providers.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

const key = 'very+secret/key="1"'
const body = Buffer.from('{"messages":[{"role":"user","content":"hello"}]}')

function clientFor(baseUrl: string, settings: Partial<ProviderSettings> = {}) {
  const declared = { local: { baseUrl, keyEnv: 'LOCAL_KEY', ...settings } }
  const client = createChatClient(resolveProvider('local/m', { declared, env: { LOCAL_KEY: key } }).provider)
  closers.push(() => client.close())
  return client
}

async function outcomeOf(fault: FaultName | OwnResponse, settings: Partial<ProviderSettings> = {}) {
  const provider = await startProvider({ fault: () => fault })
  closers.push(provider.close)
  return clientFor(provider.baseUrl, settings).post(body)
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

const error = (status: number, message: string, code: string | null = null, headers = {}): OwnResponse => ({
  status,
  headers,
  body: JSON.stringify({ error: { message, code } }),
})

describe('createChatClient', () => {
  it('posts the body as it is, with the key, and gives back the reply with its latency', async () => {
    const provider = await startProvider({
      latencyMs: 20,
      answer: ({ headers }) => String(headers.authorization),
    })
    closers.push(provider.close)
    const outcome = await clientFor(provider.baseUrl).post(body)
    expect(provider.bodies).toEqual([body.toString()])
    expect(outcome).toMatchObject({ ok: { status: 200, latencyMs: expect.any(Number) } })
    // The stand-in echoes the header; the key in it never reaches the caller.
    expect(JSON.stringify(outcome)).toContain('Bearer [key removed]')
    expect('ok' in outcome && outcome.ok.latencyMs).toBeGreaterThanOrEqual(18)
  })

  it('sends further headers, and the key in the header that the provider wants', async () => {
    const seen: unknown[] = []
    const url = await serve((request, response) => {
      seen.push(request.headers['api-key'], request.headers.authorization, request.headers['x-team'])
      response.end('{}')
    })
    await clientFor(url, { keyHeader: 'api-key', headers: { 'x-team': 'desk' } }).post(body)
    expect(seen).toEqual([key, undefined, 'desk'])
  })

  it.each([
    ['rate_limit', { retry: 'rate_limit', overloaded: true, message: 'local answered 429: slow down' }],
    ['rate_limit_retry_after', { retry: 'rate_limit', retryAfterMs: 20 }],
    ['server_error', { retry: 'server', overloaded: false, lost: false }],
    [
      'unavailable',
      { retry: 'server', overloaded: true, message: 'local answered 503: upstream connect error' },
    ],
    ['cut_before_headers', { retry: 'network', lost: true, message: expect.stringContaining('cut') }],
    ['cut_in_body', { retry: 'network', lost: true }],
    ['bad_json', { ok: { status: 200, text: '<html>this is fine</html>' } }],
  ] as const)('says what came of %s', async (fault, expected) => {
    expect(await outcomeOf(fault)).toMatchObject(expected)
  })

  it.each([
    [error(429, 'You exceeded your current quota', 'insufficient_quota'), 'MODEL_UNAVAILABLE', true],
    [error(402, 'Insufficient balance'), 'MODEL_UNAVAILABLE', true],
    [error(401, 'Incorrect API key'), 'MODEL_UNAVAILABLE', true],
    [error(404, 'no such model', 'model_not_found'), 'MODEL_UNAVAILABLE', true],
    [error(400, 'too long', 'context_length_exceeded'), 'MODEL_REQUEST_REFUSED', false],
    [error(403, 'flagged'), 'MODEL_REQUEST_REFUSED', false],
  ])('does not ask again after %j', async (response, code, stop) => {
    expect(await outcomeOf(response)).toMatchObject({ fatal: { code }, stop })
  })

  it('says which variable holds the key that was refused', async () => {
    expect(await outcomeOf(error(401, 'no'))).toMatchObject({
      fatal: { hint: 'Check the key in LOCAL_KEY.' },
    })
  })

  it('waits as long as a 503 asks for', async () => {
    expect(await outcomeOf(error(503, 'busy', null, { 'retry-after': '2' }))).toMatchObject({
      retryAfterMs: 2000,
    })
  })

  it('never lets a key out that a provider echoes, in whatever form', async () => {
    const shown = [
      key,
      JSON.stringify(key),
      encodeURIComponent(key),
      'sk-proj-abcdef123456',
      `Bearer ${key}`,
    ].join(' ')
    const everything = async (status: number): Promise<string> => {
      const outcome = await outcomeOf(error(status, shown))
      return JSON.stringify(outcome) + ('fatal' in outcome ? outcome.fatal.message + outcome.fatal.hint : '')
    }
    expect(await everything(200)).not.toContain('secret')
    for (const status of [400, 401, 404, 429, 500, 503]) {
      expect(await everything(status)).not.toMatch(/secret|abcdef/)
    }
    const plain = await outcomeOf({ status: 500, body: `<p>${key}</p>` })
    expect(JSON.stringify(plain)).not.toContain('secret')
  })

  it('shows a provider error on one line, cut short', async () => {
    const outcome = await outcomeOf(error(400, `line\nbreak \u001B[31m ${'long '.repeat(200)}`))
    expect('fatal' in outcome && outcome.fatal.message).toMatch(
      /^local answered 400: line break \[31m long [^\n]*…$/,
    )
  })

  it('does not follow a redirect with its key', async () => {
    const seen: string[] = []
    const elsewhere = await serve((request, response) => {
      seen.push(String(request.headers.authorization))
      response.end('{}')
    })
    const outcome = await outcomeOf({ status: 307, headers: { location: elsewhere }, body: '' })
    expect(outcome).toMatchObject({ fatal: { code: 'MODEL_UNAVAILABLE' }, stop: true })
    expect(seen).toEqual([])
  })

  it('stops reading a reply that does not end', async () => {
    const url = await serve((_, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(1 << 20, 32)) && !response.destroyed);
      }
      response.on('drain', more)
      more()
    })
    expect(await clientFor(url).post(body)).toMatchObject({
      fatal: { message: expect.stringContaining('larger than') },
    })
  })

  it('gives up on a reply that does not come', async () => {
    const url = await serve(() => undefined)
    expect(await clientFor(url, { timeoutMs: 300 }).post(body)).toMatchObject({
      retry: 'network',
      message: expect.stringContaining('no reply in time'),
      overloaded: true,
      lost: true,
    })
  })

  it('says that nothing answers there, and that nothing was lost', async () => {
    const provider = await startProvider()
    await provider.close()
    expect(await clientFor(provider.baseUrl).post(body)).toMatchObject({
      retry: 'network',
      message: expect.stringContaining('nothing answers there'),
      lost: false,
    })
  })

  it('is cut by its signal', async () => {
    const url = await serve(() => undefined)
    const controller = new AbortController()
    const post = clientFor(url).post(body, controller.signal)
    setTimeout(() => controller.abort(), 20)
    await expect(post).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  it('reads what the headers say of limits', async () => {
    const headers = { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '250ms' }
    expect(await outcomeOf({ status: 200, headers, body: '{}' })).toMatchObject({ pauseMs: 250 })
  })
})
