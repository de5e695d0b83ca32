/** A client for OpenAI-compatible endpoints. It sends once and says what came of it; only the scheduler retries. */
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici'
import { messageOf, PotstillError } from '../core/errors.ts'
import { isJsonObject } from '../core/json.ts'
import { parseBody } from './chat-reply.ts'
import { unavailable } from './circuit-breaker.ts'
import type { Fatal, Outcome, Retry } from './outcome.ts'
import type { Provider } from './providers.ts'
import { exhaustedMs, retryAfterMs, type Headers } from './rate-headers.ts'
import { createRedactor, redactKeyShapes } from './redact.ts'

export interface RawReply {
  readonly status: number
  readonly text: string
  /** From sending the request to the last byte of the reply. */
  readonly latencyMs: number
}

export interface ChatClient {
  /** Sends the body, JSON in UTF-8, with POST. Never throws, but for an aborted signal (INTERRUPTED). */
  post(body: Uint8Array, signal?: AbortSignal): Promise<Outcome<RawReply>>
  close(): Promise<void>
}

/** A chat completion is kilobytes; log-probabilities of a long one a few megabytes. */
const largestReplyBytes = 32 * 1024 * 1024
const connectTimeoutMs = 20_000

/** To {baseUrl}/chat/completions, or another path there. */
export function createChatClient(provider: Provider, path = '/chat/completions'): ChatClient {
  const url = new URL(`${provider.baseUrl}${path}`)
  const dispatcher = createDispatcher(provider, url)
  const redact = createRedactor(provider.key)
  const fixed = {
    origin: url.origin,
    path: url.pathname,
    method: 'POST',
    headers: headersFor(provider),
  } as const
  return {
    async post(body, signal) {
      const sentAt = performance.now()
      try {
        const { status, headers, bytes } = await exchange(dispatcher, { ...fixed, body }, signal)
        const raw = { status, text: redact(bytes.toString()), latencyMs: performance.now() - sentAt }
        return classify(provider, raw, headers)
      } catch (error) {
        if (signal?.aborted === true) throw interrupted(provider)
        return connectionFault(provider, error, redact)
      }
    },
    close: () => dispatcher.destroy(),
  }
}

interface Response {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
}

/** One request and its whole response, without the streams that a small body does not need. */
function exchange(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let status = 0
    let headers: Headers = {}
    let abort = (): void => undefined
    const chunks: Buffer[] = []
    const end = (): void => signal?.removeEventListener('abort', abort)
    dispatcher.dispatch(options, {
      onRequestStart(controller) {
        abort = () => controller.abort(new Error('aborted'))
        if (signal?.aborted === true) abort()
        else signal?.addEventListener('abort', abort)
      },
      onResponseStart(_, statusCode, responseHeaders) {
        status = statusCode
        headers = responseHeaders
      },
      onResponseData: (_, chunk) => void chunks.push(chunk),
      onResponseEnd() {
        end()
        resolve({ status, headers, bytes: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks) })
      },
      onResponseError(_, error) {
        end()
        reject(error)
      },
    })
  })
}

/** The environment's proxy is used, but never for this machine's own servers. */
function createDispatcher(provider: Provider, url: URL): Dispatcher {
  const options = {
    connections: provider.concurrency,
    pipelining: 1,
    headersTimeout: provider.timeoutMs,
    bodyTimeout: provider.timeoutMs,
    keepAliveTimeout: 30_000,
    maxResponseSize: largestReplyBytes,
    connect: { timeout: connectTimeoutMs },
  }
  const local = /^(localhost|127\..*|\[::1\])$/.test(url.hostname)
  return local ? new Agent(options) : new EnvHttpProxyAgent(options)
}

function headersFor(provider: Provider): Record<string, string> {
  const credentials: Record<string, string> = {}
  if (provider.key !== null) {
    const bearer = provider.keyHeader.toLowerCase() === 'authorization'
    credentials[provider.keyHeader] = bearer ? `Bearer ${provider.key}` : provider.key
  }
  return {
    ...provider.headers,
    'content-type': 'application/json',
    accept: 'application/json',
    ...credentials,
  }
}

function interrupted(provider: Provider): PotstillError {
  return new PotstillError('INTERRUPTED', `a call to ${provider.name} was interrupted`)
}

/** The one place that decides between a reply, another attempt and the end. */
function classify(provider: Provider, raw: RawReply, headers: Headers): Outcome<RawReply> {
  const { status } = raw
  if (status >= 200 && status < 300) return { ok: raw, pauseMs: exhaustedMs(headers) }
  const refusal = describeRefusal(raw.text)
  const message = `${provider.name} answered ${status}${refusal.text === '' ? '' : `: ${refusal.text}`}`
  if (status === 429 && !outOfMoney.test(refusal.code)) {
    const wait = retryAfterMs(headers, Date.now()) ?? exhaustedMs(headers)
    return { retry: 'rate_limit', message, overloaded: true, retryAfterMs: wait, lost: false }
  }
  if (status === 408 || status === 409 || status === 425 || (status >= 500 && status !== 501)) {
    const overloaded = status === 503 || status === 504 || status === 529 || status === 408
    const wait = retryAfterMs(headers, Date.now())
    return { retry: 'server', message, overloaded, retryAfterMs: wait, lost: false }
  }
  return refuse(provider, status, message)
}

/** The codes by which providers say that waiting does not help. */
const outOfMoney = /insufficient|billing|credit/i

/** What a person can do about a status that asking again does not change; what concerns every request stops the provider. */
function refuse(provider: Provider, status: number, message: string): Fatal {
  const key = provider.keyEnv === null ? 'the key' : `the key in ${provider.keyEnv}`
  const stop = (hint: string): Fatal => ({ fatal: unavailable(message, hint), stop: true })
  if (status === 401) return stop(`Check ${key}.`)
  if (status === 402 || status === 429) {
    return stop("Check the account's plan and balance with the provider, then run again.")
  }
  if (status === 404) return stop(`Check the model's name and the base URL (${provider.baseUrl}).`)
  if (status < 400) {
    const hint = `Set the base URL to where it leads: a key is never sent after a redirect (${provider.baseUrl}).`
    return stop(hint)
  }
  return { fatal: new PotstillError('MODEL_REQUEST_REFUSED', message), stop: false }
}

function describeRefusal(text: string): { readonly text: string; readonly code: string } {
  const body = parseBody(text)
  const error = isJsonObject(body) && isJsonObject(body.error) ? body.error : body
  const message = isJsonObject(error) ? error.message : error
  const shown = typeof message === 'string' ? message : body === undefined ? text : ''
  const codes = isJsonObject(error) ? [error.code, error.type] : []
  return { text: shorten(shown), code: codes.filter((code) => typeof code === 'string').join(' ') }
}

/** One line, without what looks like a key. */
function shorten(text: string): string {
  const line = redactKeyShapes(text.slice(0, 2000))
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}

/** Errors that come before the request has left this machine. */
const notSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function connectionFault(
  provider: Provider,
  error: unknown,
  redact: (text: string) => string,
): Retry | Fatal {
  const code = codeOf(error)
  const host = new URL(provider.baseUrl).host
  const message = `${provider.name} (${host}): ${describeFault(code) ?? shorten(redact(messageOf(error)))}`
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return { fatal: new PotstillError('MODEL_REQUEST_REFUSED', message), stop: false }
  }
  if (code.startsWith('CERT_') || code.includes('SELF_SIGNED')) {
    return { fatal: unavailable(message), stop: true }
  }
  const overloaded = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT'
  return { retry: 'network', message, overloaded, lost: !notSent.has(code) }
}

function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause === undefined ? '' : codeOf(cause)
}

function describeFault(code: string): string | undefined {
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nothing answers there (ECONNREFUSED)',
    ENOTFOUND: 'there is no such host (ENOTFOUND)',
    ECONNRESET: 'the connection was cut (ECONNRESET)',
    UND_ERR_SOCKET: 'the connection was cut',
    UND_ERR_HEADERS_TIMEOUT: 'no reply in time',
    UND_ERR_BODY_TIMEOUT: 'the reply stopped midway',
    UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
    UND_ERR_RES_EXCEEDED_MAX_SIZE: `the reply is larger than ${largestReplyBytes / 1024 / 1024} MB`,
  }
  return known[code]
}
