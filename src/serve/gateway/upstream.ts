/** Sends requests to providers over connections of the server's own, so many at once, and hands replies on as they come. */
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici'
import { messageOf } from '../../core/errors.ts'
import type { Provider } from '../../models/providers.ts'
import { createRedactor, redactKeyShapes } from '../../models/redact.ts'
import { apiError } from '../api-error.ts'

export type UpstreamHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Where the bytes of a streamed reply go. */
export interface Sink {
  /** Returns false to be sent nothing more until `resume`. */
  data(chunk: Buffer): boolean
  end(): void
  error(error: Error): void
}

export interface UpstreamStream {
  start(sink: Sink): void
  resume(): void
  abort(): void
}

/** Event streams come as they flow, anything else whole. */
export type UpstreamReply = { readonly status: number; readonly headers: UpstreamHeaders } & (
  | { readonly body: Buffer }
  | { readonly stream: UpstreamStream }
)

export interface Upstream {
  /** @throws a 503 where too many are under way, a 502 or 504 where no reply came, and the signal's reason. */
  send(provider: Provider, body: string, signal: AbortSignal): Promise<UpstreamReply>
  close(): Promise<void>
}

/** The largest reply that is not a stream. */
const largestReplyBytes = 64 * 1024 * 1024
const connectTimeoutMs = 20_000

export interface UpstreamOptions {
  readonly most: number
  readonly onChange: (underWay: number) => void
  readonly onTurnedAway: () => void
}

export function createUpstream({ most, onChange, onTurnedAway }: UpstreamOptions): Upstream {
  const common = { connections: most, pipelining: 1, connect: { timeout: connectTimeoutMs } }
  let local: Dispatcher | undefined
  let remote: Dispatcher | undefined
  let underWay = 0
  const count = (change: number): void => onChange((underWay += change))

  function dispatcherFor(url: URL): Dispatcher {
    if (/^(localhost|127\..*|\[::1\])$/.test(url.hostname)) return (local ??= new Agent(common))
    return (remote ??= new EnvHttpProxyAgent(common))
  }

  return {
    async send(provider, body, signal) {
      signal.throwIfAborted()
      if (underWay >= most) {
        onTurnedAway()
        throw apiError(503, `${most} requests to providers are under way already; try again.`, {
          code: 'overloaded',
          headers: { 'retry-after': '1' },
        })
      }
      count(1)
      const url = new URL(`${provider.baseUrl}/chat/completions`)
      return exchange(dispatcherFor(url), optionsOf(provider, url, body), signal, () => count(-1)).catch(
        (error: unknown) => {
          signal.throwIfAborted()
          throw connectionError(provider, error)
        },
      )
    },
    async close() {
      await local?.destroy()
      await remote?.destroy()
    },
  }
}

function optionsOf(provider: Provider, url: URL, body: string): Dispatcher.DispatchOptions {
  const bearer = provider.keyHeader.toLowerCase() === 'authorization'
  const credentials =
    provider.key === null ? {} : { [provider.keyHeader]: bearer ? `Bearer ${provider.key}` : provider.key }
  return {
    origin: url.origin,
    path: url.pathname,
    method: 'POST',
    headers: {
      ...provider.headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'accept-encoding': 'identity',
      ...credentials,
    },
    body,
    headersTimeout: provider.timeoutMs,
    bodyTimeout: provider.timeoutMs,
  }
}

/** `release` is called once, when the reply has come to its end, whatever that is. */
function exchange(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal,
  release: () => void,
): Promise<UpstreamReply> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let status = 0
    let headers: UpstreamHeaders = {}
    let sink: Sink | undefined
    let over = false
    let failure: Error | undefined
    let abort = (): void => undefined
    const end = (): void => {
      if (over) return
      over = true
      signal.removeEventListener('abort', abort)
      release()
    }
    dispatcher.dispatch(options, {
      onRequestStart(controller) {
        abort = () => controller.abort(new Error('the client left'))
        if (signal.aborted) abort()
        else signal.addEventListener('abort', abort)
      },
      onResponseStart(controller, statusCode, responseHeaders) {
        status = statusCode
        headers = responseHeaders
        if (!isEventStream(headers)) return
        const stream: UpstreamStream = {
          start(to) {
            sink = to
            if (failure === undefined) controller.resume()
            else to.error(failure)
          },
          resume: () => controller.resume(),
          abort: () => abort(),
        }
        // Nothing may come before somebody listens.
        controller.pause()
        resolve({ status, headers, stream })
      },
      onResponseData(controller, chunk) {
        if (sink !== undefined) {
          if (!sink.data(chunk)) controller.pause()
          return
        }
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes > largestReplyBytes) controller.abort(new Error('the reply is too large'))
      },
      onResponseEnd() {
        end()
        if (sink !== undefined) sink.end()
        else resolve({ status, headers, body: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks) })
      },
      onResponseError(_, error) {
        end()
        failure = error
        if (sink !== undefined) sink.error(error)
        else reject(error)
      },
    })
  })
}

export function isEventStream(headers: UpstreamHeaders): boolean {
  return String(headers['content-type'] ?? '')
    .toLowerCase()
    .startsWith('text/event-stream')
}

function connectionError(provider: Provider, error: unknown): Error {
  const { code } = error as { code?: unknown }
  const late = typeof code === 'string' && /TIMEOUT/.test(code)
  const reason = redactKeyShapes(createRedactor(provider.key)(messageOf(error) || String(code))).slice(0, 300)
  const message = `${provider.name} gave no reply: ${reason}`
  return apiError(late ? 504 : 502, message, { code: 'upstream_unreachable', cause: error })
}
