/**
 * A stand-in for an OpenAI-compatible provider: answers POST /v1/chat/completions and breaks in the ways that it
 * is told to. As a process of its own:
 *   tsx test/support/fault-provider.ts --port 0 --latency 50 --answer '{"label":"a"}' --faults rate_limit:0.1,cut:0.05
 * It prints its base URL, answers GET /stats with its counts, and ends with its parent.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { createRandom } from '../../src/core/random.ts'

export type FaultName =
  | 'rate_limit'
  | 'rate_limit_retry_after'
  | 'server_error'
  | 'unavailable'
  | 'cut_before_headers'
  | 'cut_in_body'
  | 'half_body'
  | 'bad_json'
  | 'empty_choices'
  | 'null_content'
  | 'slow_first_byte'

export interface ReceivedRequest {
  /** From 0, over all requests. */
  readonly index: number
  /** From 0, over requests with this very body. */
  readonly attempt: number
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

/** A whole response of one's own, for what no named fault does. */
export interface OwnResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

export interface ProviderOptions {
  readonly port?: number
  readonly latencyMs?: number
  /** The text of the answer; the last user message echoed when absent. */
  readonly answer?: (request: ReceivedRequest) => string
  /** What goes wrong with a request; nothing when it returns undefined. */
  readonly fault?: (request: ReceivedRequest) => FaultName | OwnResponse | undefined
  /** More requests at once than this get a 429. */
  readonly limit?: number
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number }
  /** Keeps the body of each request; off where memory matters. */
  readonly keepBodies?: boolean
}

export interface FaultProvider {
  /** "http://127.0.0.1:12345/v1" */
  readonly baseUrl: string
  /** In the order in which they came. */
  readonly bodies: readonly string[]
  /** Requests by body. */
  readonly attempts: ReadonlyMap<string, number>
  /** All requests, whole answers given, the most under way at once, and how often each fault was given. */
  readonly counts: () => ProviderCounts
  readonly close: () => Promise<void>
}

export interface ProviderCounts {
  readonly requests: number
  readonly answered: number
  readonly mostAtOnce: number
  readonly faults: Readonly<Record<string, number>>
}

interface State {
  readonly options: ProviderOptions
  readonly bodies: string[]
  readonly attempts: Map<string, number>
  readonly faults: Record<string, number>
  requests: number
  answered: number
  atOnce: number
  mostAtOnce: number
}

export async function startProvider(options: ProviderOptions = {}): Promise<FaultProvider> {
  const state: State = {
    options,
    bodies: [],
    attempts: new Map(),
    faults: {},
    requests: 0,
    answered: 0,
    atOnce: 0,
    mostAtOnce: 0,
  }
  const server = createServer((request, response) => receive(state, request, response))
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    bodies: state.bodies,
    attempts: state.attempts,
    counts: () => countsOf(state),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function countsOf({ requests, answered, mostAtOnce, faults }: State): ProviderCounts {
  return { requests, answered, mostAtOnce, faults: { ...faults } }
}

function receive(state: State, request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/stats') {
    response.end(JSON.stringify(countsOf(state)))
    return
  }
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (text: string) => (body += text))
  request.on('end', () => {
    const attempt = state.options.keepBodies === false ? 0 : (state.attempts.get(body) ?? 0)
    const received = { index: state.requests++, attempt, body, headers: request.headers }
    if (state.options.keepBodies !== false) {
      state.bodies.push(body)
      state.attempts.set(body, attempt + 1)
    }
    state.atOnce++
    state.mostAtOnce = Math.max(state.mostAtOnce, state.atOnce)
    const fault =
      state.atOnce > (state.options.limit ?? Infinity) ? 'rate_limit' : state.options.fault?.(received)
    const respond = (): void => {
      state.atOnce--
      if (fault === undefined) answer(state, received, response)
      else if (typeof fault === 'string') breakDown(state, fault, received, response)
      else send(response, fault)
    }
    const latencyMs = (state.options.latencyMs ?? 0) + (fault === 'slow_first_byte' ? 300 : 0)
    if (latencyMs === 0) respond()
    else setTimeout(respond, latencyMs)
  })
}

function answer(state: State, request: ReceivedRequest, response: ServerResponse): void {
  state.answered++
  send(response, { status: 200, body: completion(state, request) })
}

function send(response: ServerResponse, { status, headers, body }: OwnResponse): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}

function completion({ options }: State, request: ReceivedRequest, changes: object = {}): string {
  const content = options.answer === undefined ? lastMessage(request.body) : options.answer(request)
  return JSON.stringify({
    id: `chatcmpl-${request.index}`,
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'stand-in',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { ...(options.usage ?? { prompt_tokens: 100, completion_tokens: 10 }), total_tokens: 110 },
    ...changes,
  })
}

function lastMessage(body: string): string {
  const { messages } = JSON.parse(body) as { messages: { content: string }[] }
  return messages.at(-1)?.content ?? ''
}

function breakDown(state: State, fault: FaultName, request: ReceivedRequest, response: ServerResponse): void {
  state.faults[fault] = (state.faults[fault] ?? 0) + 1
  const whole = completion(state, request)
  const error = (message: string): string => JSON.stringify({ error: { message, type: 'error', code: null } })
  switch (fault) {
    case 'rate_limit':
      return send(response, { status: 429, body: error('slow down') })
    case 'rate_limit_retry_after':
      return send(response, { status: 429, headers: { 'retry-after-ms': '20' }, body: error('slow down') })
    case 'server_error':
      return send(response, { status: 500, body: error('something broke') })
    case 'unavailable':
      return send(response, { status: 503, body: 'upstream connect error' })
    case 'cut_before_headers':
      response.destroy()
      return
    case 'cut_in_body':
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(whole),
      })
      response.write(whole.slice(0, whole.length / 2), () => response.destroy())
      return
    case 'half_body':
      return send(response, { status: 200, body: whole.slice(0, whole.length / 2) })
    case 'bad_json':
      return send(response, { status: 200, body: '<html>this is fine</html>' })
    case 'empty_choices':
      return send(response, { status: 200, body: completion(state, request, { choices: [] }) })
    case 'null_content': {
      const choices = [{ index: 0, message: { role: 'assistant', content: null }, finish_reason: 'stop' }]
      return send(response, { status: 200, body: completion(state, request, { choices }) })
    }
    case 'slow_first_byte':
      return answer(state, request, response)
  }
}

/** "rate_limit:0.1,cut_in_body:0.05": each fault with its share of requests, drawn from a seed. */
export function randomFaults(text: string, seed: number): NonNullable<ProviderOptions['fault']> {
  const random = createRandom(seed)
  const shares = text.split(',').map((part) => {
    const [name, share] = part.split(':')
    return { name: name as FaultName, share: Number(share) }
  })
  return () => {
    let draw = random.next()
    for (const { name, share } of shares) {
      draw -= share
      if (draw < 0) return name
    }
    return undefined
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      latency: { type: 'string', default: '0' },
      limit: { type: 'string' },
      answer: { type: 'string' },
      faults: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  })
  const fixed = values.answer
  const provider = await startProvider({
    port: Number(values.port),
    latencyMs: Number(values.latency),
    limit: values.limit === undefined ? undefined : Number(values.limit),
    answer: fixed === undefined ? undefined : () => fixed,
    fault: values.faults === undefined ? undefined : randomFaults(values.faults, Number(values.seed)),
    keepBodies: false,
  })
  console.log(provider.baseUrl)
  process.stdin.on('end', () => process.exit(0)).resume()
}

if (import.meta.filename === process.argv[1]) await main()
