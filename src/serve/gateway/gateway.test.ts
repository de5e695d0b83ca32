import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startProvider, type ProviderOptions } from '../../../test/support/fault-provider.ts'
import type { ChatModel } from '../../core/chat-model.ts'
import type { Store } from '../../core/store.ts'
import { openStore } from '../../store/sqlite-store.ts'
import { createApp } from '../app.ts'
import type { Resolved, ServeDeps, ServeSettings } from '../deps.ts'
import { openDeps } from '../open-deps.ts'

const root = mkdtempSync(join(tmpdir(), 'potstill-gateway-'))
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

interface Gateway {
  readonly deps: ServeDeps
  readonly store: Store
  readonly ask: (body: unknown, headers?: Record<string, string>) => Promise<Response>
}

function openGateway(
  settings: Partial<ServeSettings> = {},
  names: Record<string, Resolved> = {},
  broken: Partial<Store> = {},
): Gateway {
  const data = mkdtempSync(join(root, 'data-'))
  const store = openStore(data)
  const opened = openDeps({
    store: { ...store, ...broken },
    data,
    folder: data,
    environment: { POTSTILL_UPSTREAM_KEY: 'sk-secret-of-the-server' },
    settings,
    log: () => {},
  })
  const { models } = opened.deps
  const deps: ServeDeps = {
    ...opened.deps,
    models: {
      ...models,
      resolve: async (name) => (Object.hasOwn(names, name) ? names[name] : models.resolve(name)),
    },
  }
  closing.push(async () => {
    await opened.close()
    await store.close()
  })
  const app = createApp(deps)
  return {
    deps,
    store,
    ask: async (body, headers = {}) =>
      app.request('/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  }
}

async function provider(options: ProviderOptions = {}): ReturnType<typeof startProvider> {
  const started = await startProvider(options)
  closing.push(started.close)
  return started
}

/** An upstream that does what the test says. */
async function upstream(respond: (response: ServerResponse, body: string) => void): Promise<string> {
  const server = createServer((request: IncomingMessage, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => respond(response, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

const id = 'chatcmpl-Abcdefghijklmnopqrstu'
const chunk = (delta: object, more: object = {}): string =>
  `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...more }] })}\n\n`
const usageChunk = `data: ${JSON.stringify({ id, choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } })}\n\n`
const finish = chunk({}, { finish_reason: 'stop' })
const done = 'data: [DONE]\n\n'

function sendStream(response: ServerResponse, ...parts: string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  for (const part of parts) response.write(part)
  response.end()
}

const ask = { model: 'gpt-x', messages: [{ role: 'user', content: 'hi' }] }

async function captured(store: Store) {
  return store.listCaptures({}, { limit: 100, order: 'asc' })
}

describe('a request to a provider', () => {
  it('goes there character by character, but for the name of the model and what is kept here', async () => {
    const { baseUrl, bodies } = await provider()
    const { ask: send } = openGateway({ upstream: baseUrl })
    const text = `{ "seed": 12345678901234567890, "x": {"model": "inner", "store": 1.0},\t"model":"gpt-x",
      "messages":[{"role":"user","content":"say \\"model\\": }"}], "store":false, "metadata":{}, "z":[1.50,{"a":"]"}] }`
    const response = await send(text)
    expect(response.status).toBe(200)
    expect(response.headers.get('x-potstill-model')).toBe('upstream/gpt-x')
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    expect(JSON.parse(bodies[0])).toMatchObject({ model: 'gpt-x', x: { model: 'inner', store: 1 } })
    expect(bodies[0]).toContain('"seed": 12345678901234567890')
    expect(bodies[0]).toContain('"x": {"model": "inner", "store": 1.0}')
    expect(bodies[0]).toContain('"z":[1.50,{"a":"]"}]')
    expect(bodies[0]).not.toMatch(/"metadata"|"store":false/)
  })

  it('carries the key of the server, never that of the client', async () => {
    let authorization: string | undefined
    const started = await provider({
      fault: ({ headers }) => void (authorization = headers.authorization),
    })
    const { ask: send } = openGateway({ upstream: started.baseUrl })
    await send(ask, { authorization: 'Bearer sk-of-the-client' })
    expect(authorization).toBe('Bearer sk-secret-of-the-server')
  })

  it('passes the status, headers and body of an error on, without the key in it', async () => {
    const started = await provider({
      fault: () => ({
        status: 429,
        headers: { 'retry-after': '7', 'x-request-id': 'theirs', 'set-cookie': 'a=b' },
        body: '{"error":{"message":"key sk-secret-of-the-server is slow"}}',
      }),
    })
    const { ask: send, store } = openGateway({ upstream: started.baseUrl })
    const response = await send({ ...ask, store: true })
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('7')
    expect(response.headers.get('x-upstream-request-id')).toBe('theirs')
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(await response.text()).toBe('{"error":{"message":"key [key removed] is slow"}}')
    expect(await captured(store)).toEqual([])
  })

  it('says with 502 that nobody answers, and that a reply broke off', async () => {
    const gone = openGateway({ upstream: 'http://127.0.0.1:9/v1' })
    expect((await gone.ask(ask)).status).toBe(502)
    const { baseUrl } = await provider({ fault: () => 'cut_in_body' })
    const cut = await openGateway({ upstream: baseUrl }).ask({ ...ask, store: true })
    expect(cut.status).toBe(502)
    expect(await cut.json()).toMatchObject({ error: { type: 'server_error', code: 'upstream_unreachable' } })
  })

  it('is turned away with 503 and Retry-After beyond the limit, and let in afterwards', async () => {
    const { baseUrl } = await provider({ latencyMs: 150 })
    const gateway = openGateway({ upstream: baseUrl, mostUpstream: 3 })
    const responses = await Promise.all(Array.from({ length: 5 }, () => gateway.ask(ask)))
    expect(responses.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 200, 200, 503, 503])
    expect(responses.find(({ status }) => status === 503)?.headers.get('retry-after')).toBe('1')
    expect((await gateway.ask(ask)).status).toBe(200)
  })
})

describe('a streamed reply', () => {
  it('reaches the client byte by byte as it comes, before the provider has ended', async () => {
    let go = (): void => undefined
    const baseUrl = await upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(chunk({ role: 'assistant', content: 'A' }))
      go = () => response.end(`${finish}${done}`)
    })
    for (const capture of ['stored', 'all'] as const) {
      const response = await openGateway({ upstream: baseUrl, capture }).ask({ ...ask, stream: true })
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      const { value: first } = await reader.read()
      // What is kept has an id of its own.
      const asSent = (bytes: Uint8Array = Buffer.alloc(0)): string =>
        Buffer.from(bytes)
          .toString()
          .replaceAll(/chatcmpl-\w+/g, id)
      expect(asSent(first)).toBe(chunk({ role: 'assistant', content: 'A' }))
      go()
      let rest = ''
      for (;;) {
        const { done: ended, value } = await reader.read()
        if (ended) break
        rest += asSent(value)
      }
      expect(rest).toBe(`${finish}${done}`)
    }
  })

  it('is kept whole with its usage, which the client sees only if it asked for it', async () => {
    let asked = ''
    const call = (index: number, piece: object): string => chunk({ tool_calls: [{ index, ...piece }] })
    const parts = [
      chunk({ role: 'assistant', content: 'Hé' }),
      chunk({ content: 'llo \u2028' }, { logprobs: { content: [{ token: 'a', logprob: -1 }] } }),
      call(0, { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"a' } }),
      call(0, { function: { arguments: '":1}' } }),
      call(1, { id: 'call_2', type: 'function', function: { name: 'do', arguments: '{}' } }),
      chunk({}, { finish_reason: 'tool_calls' }),
    ]
    const baseUrl = await upstream((response, body) => {
      asked = body
      const all = Buffer.from([...parts, usageChunk, done].join(''))
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      // In pieces that cut characters and events in two.
      for (let at = 0; at < all.length; at += 7) response.write(all.subarray(at, at + 7))
      response.end()
    })
    const { ask: send, store } = openGateway({ upstream: baseUrl })
    const response = await send({ ...ask, stream: true, store: true, stream_options: { x: 1 } })
    const text = await response.text()
    const [capture] = await captured(store)
    expect(text).toBe([...parts, done].join('').replaceAll(id, capture.id))
    expect(JSON.parse(asked)).toMatchObject({ stream_options: { x: 1, include_usage: true } })
    expect(capture).toMatchObject({ model: 'gpt-x', answeredBy: 'upstream/gpt-x', stored: true })
    expect(JSON.parse(capture.response)).toMatchObject({
      id: capture.id,
      object: 'chat.completion',
      choices: [
        {
          message: {
            role: 'assistant',
            content: 'Héllo \u2028',
            tool_calls: [
              { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"a":1}' } },
              { id: 'call_2', function: { name: 'do', arguments: '{}' } },
            ],
          },
          logprobs: { content: [{ token: 'a', logprob: -1 }] },
          finish_reason: 'tool_calls',
        },
      ],
      usage: { total_tokens: 5 },
    })
    const second = await send({ ...ask, stream: true, store: true, stream_options: { include_usage: true } })
    expect(await second.text()).toContain('"total_tokens":5')
  })

  it('that breaks off breaks off for the client too, and is not kept', async () => {
    const baseUrl = await upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(chunk({ content: 'A' }), () => setTimeout(() => response.destroy(), 20))
    })
    const { ask: send, store } = openGateway({ upstream: baseUrl, capture: 'all' })
    const response = await send({ ...ask, stream: true })
    await expect(response.text()).rejects.toThrow(/other side closed|terminated/)
    expect(await captured(store)).toEqual([])
  })

  it('ends its request at the provider when the client leaves', async () => {
    let closed = (): void => undefined
    const left = new Promise<void>((resolve) => (closed = resolve))
    const baseUrl = await upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(chunk({ content: 'A' }))
      response.once('close', closed)
    })
    const { ask: send } = openGateway({ upstream: baseUrl })
    const response = await send({ ...ask, stream: true })
    await response.body?.cancel()
    await left
  })

  it('waits for a client that reads slowly, and cuts one off that does not read at all', async () => {
    let sent = 0
    let closed = (): void => undefined
    const cut = new Promise<void>((resolve) => (closed = resolve))
    const baseUrl = await upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const big = chunk({ content: 'x'.repeat(60_000) })
      response.once('close', closed)
      const more = (): void => {
        while (!response.destroyed && sent < 2000) {
          sent++
          if (!response.write(big)) return
        }
      }
      response.on('drain', more)
      more()
    })
    const { ask: send } = openGateway({ upstream: baseUrl, idleMs: 200 })
    const response = await send({ ...ask, stream: true })
    await cut
    expect(sent).toBeLessThan(500)
    await expect(response.text()).rejects.toThrow('did not read')
  })
})

describe('capture', () => {
  it('keeps what the client asks to be stored, with metadata and workload, and nothing else', async () => {
    const { baseUrl } = await provider()
    const { ask: send, store } = openGateway({ upstream: baseUrl })
    await (await send(ask)).text()
    const response = await send(
      { ...ask, store: true, metadata: { team: 'a', workload: 'from metadata' } },
      { 'x-potstill-workload': 'from header' },
    )
    const completion = (await response.json()) as { id: string }
    expect(response.headers.get('x-potstill-capture')).toBe('stored')
    const captures = await captured(store)
    expect(captures).toHaveLength(1)
    expect(captures[0]).toMatchObject({ id: completion.id, workload: 'from header', metadata: { team: 'a' } })
    expect(JSON.parse(captures[0].response)).toEqual(completion)
    expect(JSON.parse(captures[0].request)).toMatchObject({ store: true, metadata: { team: 'a' } })
  })

  it('keeps all traffic when told to, each reply under an id of its own, and marks what was not asked for', async () => {
    const { baseUrl } = await provider({
      fault: () => ({ status: 200, body: `{"id":"${id}","choices":[],"usage":null}` }),
    })
    const { ask: send, store } = openGateway({ upstream: baseUrl, capture: 'all' })
    const ids = await Promise.all(
      [1, 2, 3].map(async () => ((await (await send(ask)).json()) as { id: string }).id),
    )
    const captures = await captured(store)
    expect(captures.map((capture) => capture.id).sort()).toEqual(ids.sort())
    expect(new Set(ids).size).toBe(3)
    expect(captures.every(({ stored }) => !stored)).toBe(true)
  })

  it('holds the end of a durable reply until it is on disk', async () => {
    const baseUrl = await upstream((response, body) =>
      body.includes('"stream":true')
        ? sendStream(response, chunk({ content: 'A' }), finish, done)
        : response.writeHead(200, { 'content-type': 'application/json' }).end(`{"id":"${id}","choices":[]}`),
    )
    const { deps, store } = openGateway({ upstream: baseUrl, capture: 'all' })
    for (const stream of [false, true]) {
      let commit = (): void => undefined
      const committed = new Promise<void>((resolve) => (commit = resolve))
      const held = {
        ...deps,
        captures: { ...deps.captures, keep: async () => committed.then(() => 'stored' as const) },
      }
      let text: string | null = null
      const app = createApp(held)
      const read = async (): Promise<string> => {
        const body = JSON.stringify({ ...ask, stream })
        const response = await app.request('/v1/chat/completions', { method: 'POST', body })
        return (text = await response.text())
      }
      const reading = read()
      await new Promise((resolve) => setTimeout(resolve, 60))
      expect(text).toBeNull()
      commit()
      expect(await reading).toMatch(stream ? /\[DONE\]/ : /choices/)
    }
    expect(await captured(store)).toEqual([])
  })

  it('answers all the same where the disk does not take it, and says and counts so', async () => {
    const { baseUrl } = await provider()
    const commitCapture = () => Promise.reject(new Error('the disk is full'))
    const gateway = openGateway({ upstream: baseUrl, capture: 'all' }, {}, { commitCapture })
    const response = await gateway.ask(ask)
    expect(response.status).toBe(200)
    expect(response.headers.get('x-potstill-capture')).toBe('dropped')
    expect(gateway.deps.captures.counts()).toEqual({ stored: 0, waiting: 0, dropped: 1 })
  })

  it('does not wait when relaxed, and has everything after draining', async () => {
    const { baseUrl } = await provider()
    const {
      ask: send,
      deps,
      store,
    } = openGateway({ upstream: baseUrl, capture: 'all', durability: 'relaxed' })
    const response = await send(ask)
    expect(response.headers.get('x-potstill-capture')).toBe('waiting')
    expect(deps.captures.counts()).toEqual({ stored: 0, waiting: 1, dropped: 0 })
    await deps.captures.drain()
    expect(deps.captures.counts()).toEqual({ stored: 1, waiting: 0, dropped: 0 })
    expect(await captured(store)).toHaveLength(1)
  })
})

const student = (confidence?: number): ChatModel => ({
  id: 'student/support-desk@3',
  source: 'student',
  complete: async ({ messages }) => ({
    content: `{"echo":${JSON.stringify(messages.at(-1)?.content)}}`,
    finishReason: 'stop',
    usage: null,
    latencyMs: 1,
    priceUsd: null,
    confidence,
    raw: null,
  }),
})

const alone = (model: ChatModel): Resolved => ({
  target: { kind: 'local', id: model.id, model },
  why: 'alias support-desk@2',
  alias: 'support-desk',
})

describe('a student', () => {
  it('answers as a chat completion, with its confidence and why it was asked', async () => {
    const { ask: send, store } = openGateway({}, { 'support-desk': alone(student(0.875)) })
    const response = await send({ ...ask, model: 'support-desk', store: true })
    expect(response.headers.get('x-potstill-model')).toBe('student/support-desk@3')
    expect(response.headers.get('x-potstill-why')).toBe('alias support-desk@2')
    expect(response.headers.get('x-potstill-confidence')).toBe('0.8750')
    const completion = (await response.json()) as { id: string }
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: 'support-desk',
      choices: [
        { index: 0, message: { role: 'assistant', content: '{"echo":"hi"}' }, finish_reason: 'stop' },
      ],
    })
    expect(await captured(store)).toMatchObject([
      {
        id: completion.id,
        answeredBy: 'student/support-desk@3',
        why: 'alias support-desk@2',
        workload: 'support-desk',
      },
    ])
  })

  it('streams chunks that put together are its completion, with usage when asked for', async () => {
    const { ask: send } = openGateway({}, { s: alone(student(1)) })
    const response = await send({ ...ask, model: 's', stream: true, stream_options: { include_usage: true } })
    const events = (await response.text())
      .trim()
      .split('\n\n')
      .map((event) => event.slice(6))
    expect(events.at(-1)).toBe('[DONE]')
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event) as Record<string, never>)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } })
    const without = await (await send({ ...ask, model: 's', stream: true })).text()
    expect(without).not.toContain('usage')
  })

  it.each([
    ['n', { n: 2 }],
    ['tool_choice', { tools: [], tool_choice: 'required' }],
    [
      'messages[0]',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
    ],
  ])('refuses what it cannot do: %s', async (param, body) => {
    const { ask: send } = openGateway({}, { s: alone(student(1)) })
    const response = await send({ ...ask, model: 's', ...body })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { param, code: 'unsupported_value' } })
  })

  it('gives only what response_format asks for, and leaves the rest to its teacher', async () => {
    const { baseUrl } = await provider({ answer: () => 'from the teacher' })
    const base = openGateway({ upstream: baseUrl })
    const { target: teacher } = await base.deps.models.resolve('gpt-teacher')
    const names = { s: alone(student(1)), backed: { ...alone(student(1)), teacher, threshold: 0.5 } }
    const { ask: send } = openGateway({ upstream: baseUrl }, names)
    const asking = (model: string, format: object): Promise<Response> =>
      send({ ...ask, model, response_format: format })
    const schema = (name: string): object => ({
      type: 'json_schema',
      json_schema: { name: 'a', schema: { type: 'object', required: [name] } },
    })
    expect((await asking('s', schema('echo'))).status).toBe(200)
    expect((await asking('s', { type: 'json_object' })).status).toBe(200)
    expect((await asking('s', { type: 'text' })).status).toBe(200)
    for (const wrong of [
      schema('other'),
      { type: 'json_schema', json_schema: { schema: { type: 'nothing' } } },
    ]) {
      const refused = await asking('s', wrong)
      expect(refused.status).toBe(400)
      expect(await refused.json()).toMatchObject({ error: { param: 'response_format' } })
    }
    const backed = await asking('backed', schema('other'))
    expect(backed.headers.get('x-potstill-model')).toBe('upstream/gpt-teacher')
    expect(backed.headers.get('x-potstill-why')).toContain('another shape')
    expect((await asking('backed', schema('echo'))).headers.get('x-potstill-model')).toContain('student/')
  })

  it('with a teacher behind it keeps what it is sure of and leaves the rest to the teacher', async () => {
    const { baseUrl, bodies } = await provider({ answer: () => 'from the teacher' })
    const base = openGateway({ upstream: baseUrl })
    const { target: teacher } = await base.deps.models.resolve('gpt-teacher')
    const names: Record<string, Resolved> = {
      sure: { ...alone(student(0.9)), teacher, threshold: 0.9 },
      unsure: { ...alone(student(0.5)), teacher, threshold: 0.9 },
      silent: { ...alone(student()), teacher, threshold: 0.9 },
    }
    const { ask: send, store } = openGateway({ upstream: baseUrl, capture: 'all' }, names)
    const sure = await send({ ...ask, model: 'sure' })
    expect(sure.headers.get('x-potstill-why')).toBe('alias support-desk@2: confidence 0.9000 at or above 0.9')
    expect(bodies).toEqual([])
    const unsure = await send({ ...ask, model: 'unsure' })
    expect(unsure.headers.get('x-potstill-model')).toBe('upstream/gpt-teacher')
    expect(unsure.headers.get('x-potstill-why')).toBe('alias support-desk@2: confidence 0.5000 below 0.9')
    expect(await unsure.text()).toContain('from the teacher')
    expect(bodies[0]).toContain('"model":"gpt-teacher"')
    const silent = await send({ ...ask, model: 'silent' })
    expect(silent.headers.get('x-potstill-why')).toContain('does not say how sure')
    const picture = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }]
    const other = await send({
      ...ask,
      model: 'sure',
      n: 2,
      messages: [...ask.messages, ...picture, ...ask.messages],
    })
    expect(other.headers.get('x-potstill-why')).toContain('the student cannot answer this')
    expect((await captured(store)).map(({ answeredBy }) => answeredBy).sort()).toEqual([
      'student/support-desk@3',
      'upstream/gpt-teacher',
      'upstream/gpt-teacher',
      'upstream/gpt-teacher',
    ])
  })
})

describe('a request that is no request', () => {
  it.each([
    ['{"model": "x",', null],
    ['[]', null],
    ['null', null],
    ['', null],
    ['{"messages":[{}]}', 'model'],
    ['{"model":7,"messages":[{}]}', 'model'],
    ['{"model":"m"}', 'messages'],
    ['{"model":"m","messages":"hi"}', 'messages'],
    ['{"model":"m","messages":[]}', 'messages'],
    ['{"model":"m","messages":[null]}', 'messages[0]'],
    ['{"model":"m","messages":[{}],"stream":"yes"}', 'stream'],
    ['{"model":"m","messages":[{}],"store":1}', 'store'],
    ['{"model":"m","messages":[{}],"stream_options":[]}', 'stream_options'],
    ['{"model":"m","messages":[{}],"metadata":{"a":1}}', 'metadata.a'],
    ['{"model":"m","messages":[{}],"metadata":[]}', 'metadata'],
  ])('is refused with 400: %s', async (body, param) => {
    const response = await openGateway().ask(body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param } })
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  })

  it('is refused where it is too large, and where nobody has the model', async () => {
    const gateway = openGateway({ mostBodyBytes: 100 })
    expect((await gateway.ask({ ...ask, x: 'y'.repeat(100) })).status).toBe(413)
    for (const model of [
      'nobody',
      'support-desk@3',
      'ft:micro:org::x',
      '../../etc',
      'no/such',
      'recorded/../x',
      '__proto__',
    ]) {
      const response = await gateway.ask({ ...ask, model })
      expect([model, response.status]).toEqual([model, 404])
      expect(await response.json()).toMatchObject({ error: { code: 'model_not_found' } })
    }
  })
})
