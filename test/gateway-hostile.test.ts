/** Clients that break rules or connections, over real sockets: the right status, nothing left behind, the next one is served. */
import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ServeSettings } from '../src/serve/deps.ts'
import { startServer, type RunningServer } from '../src/serve/server.ts'
import { openStore } from '../src/store/sqlite-store.ts'
import { startProvider, type FaultProvider } from './support/fault-provider.ts'

interface Started {
  readonly server: RunningServer
  readonly port: number
  /** Sends one request as text, exactly; gives everything that came back until the connection was closed. */
  raw(text: string): Promise<string>
  chat(body: unknown): Promise<Response>
  /** The value of a metric without labels. */
  metric(name: string): Promise<number>
  stop(): Promise<void>
}

async function start(upstream: string, settings: Partial<ServeSettings> = {}): Promise<Started> {
  const data = mkdtempSync(join(tmpdir(), 'potstill-hostile-'))
  const store = openStore(data)
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    store,
    data,
    folder: data,
    environment: {},
    settings: { upstream, ...settings },
    log: () => {},
  })
  const { port, origin } = new URL(server.baseUrl)
  return {
    server,
    port: Number(port),
    raw: (text) => exchangeText(Number(port), text),
    chat: (body) =>
      fetch(`${server.baseUrl}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async metric(name) {
      const text = await (await fetch(`${origin}/metrics`)).text()
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    },
    async stop() {
      await server.close()
      await store.close()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

function exchangeText(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(received))
  })
}

/** Looks again and again, for what happens soon but not at once. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

const question = { model: 'gpt-x', messages: [{ role: 'user', content: 'hi' }] }

const head = (length: string): string =>
  `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${length}\r\n\r\n`

/** What every error is, whoever it is told. */
async function expectError(response: Response, status: number): Promise<void> {
  expect(response.status).toBe(status)
  expect(response.headers.get('x-request-id')).toMatch(/^\S+$/)
  expect(await response.json()).toEqual({
    error: expect.objectContaining({ message: expect.any(String), type: expect.any(String) }),
  })
}

describe('a server in front of a provider', () => {
  let provider: FaultProvider
  let gateway: Started
  beforeAll(async () => {
    provider = await startProvider({ answer: () => 'fine', keepBodies: false })
    gateway = await start(provider.baseUrl, { idleMs: 200, mostBodyBytes: 100_000 })
  })
  afterAll(async () => {
    await gateway.stop()
    await provider.close()
  })
  /** Whatever a test did: the next client is served, and nothing is under way any more. */
  afterEach(async () => {
    await until(async () => (await gateway.chat(question)).status === 200)
    await until(async () => (await gateway.metric('potstill_upstream_requests')) === 0)
  })

  it('answers any JSON with a completion or with an error of the known shape', async () => {
    const shaped = fc.record(
      {
        model: fc.oneof(fc.constant('gpt-x'), fc.jsonValue()),
        messages: fc.oneof(fc.constant(question.messages), fc.array(fc.jsonValue()), fc.jsonValue()),
        stream: fc.jsonValue(),
        store: fc.jsonValue(),
        metadata: fc.jsonValue(),
        stream_options: fc.jsonValue(),
        n: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(shaped, fc.jsonValue()), async (body) => {
        const response = await gateway.chat(JSON.stringify(body))
        if (response.status === 200) await response.arrayBuffer()
        else await expectError(response, response.status)
        expect(response.status === 200 || (response.status >= 400 && response.status < 500)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  it.each([
    ['nothing', ''],
    ['half an object', '{"model":"gpt-x","messages":['],
    ['two objects', '{}{}'],
    ['a key with no value', '{"model":}'],
    ['no JSON', 'model=gpt-x&messages=hi'],
    ['nesting without end', `{"model":"gpt-x","messages":${'['.repeat(40_000)}`],
    ['a list', '[]'],
    ['another encoding', '\ufffd\u0000'],
  ])('answers %s with 400', async (_, body) => {
    await expectError(await gateway.chat(body), 400)
  })

  it('refuses a body that is declared too large, and one that does not end', async () => {
    await expectError(await gateway.chat({ ...question, padding: 'x'.repeat(100_000) }), 413)
    const chunk = `${(10_000).toString(16)}\r\n${'x'.repeat(10_000)}\r\n`
    const socket = connect(gateway.port, '127.0.0.1')
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => (received += text))
    socket.on('error', () => undefined)
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.write(head('Transfer-Encoding: chunked'))
    const pump = setInterval(() => socket.write(chunk), 1)
    await closed
    clearInterval(pump)
    expect(received).toMatch(/^HTTP\/1\.1 413 /)
    expect(received).toMatch(/x-request-id/i)
  })

  it('gives up a body that stops, with 408', async () => {
    expect(await gateway.raw(`${head('Content-Length: 500')}{"model":`)).toMatch(/^HTTP\/1\.1 408 /)
    expect(await gateway.raw(`${head('Transfer-Encoding: chunked')}5\r\n{"mod\r\n`)).toMatch(
      /^HTTP\/1\.1 408 /,
    )
  })

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a header without end', `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}`, 431],
    ['two lengths', `${head('Content-Length: 5\r\nContent-Length: 6')}{"a":1}`, 400],
    ['a length and chunks', `${head('Content-Length: 5\r\nTransfer-Encoding: chunked')}0\r\n\r\n`, 400],
    ['a length below nothing', head('Content-Length: -5'), 400],
    ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ["another's host", 'GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n', 403],
    [
      'a host that begins like ours',
      'GET /v1/models HTTP/1.1\r\nHost: localhost.evil.example\r\nConnection: close\r\n\r\n',
      403,
    ],
  ])('answers %s with the right status and closes', async (_, text, status) => {
    expect(await gateway.raw(text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })

  it.each([
    '/v1/../../etc/passwd',
    '/v1/files/..%2f..%2f..%2fetc%2fpasswd',
    '/v1/files/..%5c..%5cpasswd/content',
    '/v1/files/%00/content',
    '/v1/chat/completions/%E0%A4%A',
    '/v1/models/..%2f..%2fsecrets',
    '/v1/fine_tuning/jobs/..%2f..',
    '//v1/models//',
    '/v1/nothing',
    `/v1/${'x'.repeat(5000)}`,
  ])('finds nothing at %s', async (path) => {
    const text = await gateway.raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    expect(text).toMatch(/^HTTP\/1\.1 40[04] /)
    expect(text).toContain('"error":{"message":')
    expect(text).toMatch(/x-request-id/i)
  })

  it('lets no page of the web in: no CORS header, no preflight', async () => {
    const origin = { origin: 'https://evil.example' }
    const preflight = await fetch(`${gateway.server.baseUrl}/chat/completions`, {
      method: 'OPTIONS',
      headers: { ...origin, 'access-control-request-method': 'POST' },
    })
    expect(preflight.ok).toBe(false)
    expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    const asked = provider.counts().requests
    const simple = await fetch(`${gateway.server.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { ...origin, 'content-type': 'text/plain' },
      body: JSON.stringify(question),
    })
    await expectError(simple, 403)
    expect(provider.counts().requests).toBe(asked)
    const own = { origin: `http://localhost:${gateway.port}` }
    expect((await fetch(`${gateway.server.baseUrl}/models`, { headers: own })).status).toBe(200)
  })

  it('serves others while a thousand connections say nothing or half a request', async () => {
    const sockets = Array.from({ length: 1000 }, (_, index) => {
      const socket = connect(gateway.port, '127.0.0.1', () => {
        if (index % 2 === 0) socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: loc')
      })
      socket.on('error', () => undefined)
      return socket
    })
    await Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.once('connect', () => resolve(null)))),
    )
    const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.chat(question)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    for (const socket of sockets) socket.destroy()
  })
})

describe('streams that clients do not read to their end', () => {
  const event = `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { content: 'x'.repeat(1000) } }] })}\n\n`
  let closed = 0
  let open = 0
  const flow = (response: ServerResponse): void => {
    open++
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const more = (): void => {
      while (!response.destroyed && response.write(event));
    }
    response.on('drain', more)
    response.on('close', () => {
      closed++
      open--
    })
    more()
  }
  const server = createServer((request, response) => {
    request.resume().on('end', () => flow(response))
  })
  let gateway: Started
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    gateway = await start(`http://127.0.0.1:${port}/v1`, { idleMs: 8000, mostUpstream: 30 })
  })
  afterAll(async () => {
    await gateway.stop()
    server.closeAllConnections()
    server.close()
  })

  /** Opens a stream and reads its first bytes. */
  const openStream = (): Promise<Socket> =>
    new Promise((resolve) => {
      const body = JSON.stringify({ ...question, stream: true, store: true })
      const socket = connect(gateway.port, '127.0.0.1', () =>
        socket.write(head(`Content-Length: ${body.length}`) + body),
      )
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.pause()
        resolve(socket)
      })
    })

  it('end at the provider when clients leave, and when they stop reading; the excess gets 503', async () => {
    const sockets = await Promise.all(Array.from({ length: 30 }, openStream))
    const refused = await gateway.chat(question)
    expect(refused.headers.get('retry-after')).toBe('1')
    await expectError(refused, 503)
    for (const socket of sockets.slice(0, 15)) socket.destroy()
    await until(() => closed >= 15)
    // The others read nothing more: they are cut off after the idle time.
    await until(() => closed === 30)
    await until(async () => (await gateway.metric('potstill_upstream_requests')) === 0)
    for (const socket of sockets) socket.destroy()
  })

  it('are held back while the client does not read, whatever the provider sends', async () => {
    const before = process.memoryUsage().rss
    const sockets = await Promise.all(Array.from({ length: 20 }, openStream))
    await until(() => open === 0)
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024)
    for (const socket of sockets) socket.destroy()
  })
})
