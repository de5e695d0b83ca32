/** One request, through its redirects. The hub's token goes to the hub's own host and nowhere else. */
import { Agent, EnvHttpProxyAgent, request, type Dispatcher } from 'undici'
import { PotstillError } from '../../../core/errors.ts'
import type { Hub } from './hub.ts'
import { shownUrl } from './model-name.ts'

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Headers of the hub's own answers on the way, which redirects to a file store: hash, size and commit of a file. */
  readonly hubHeaders: Headers
  readonly body: Dispatcher.ResponseData['body']
}

export interface Question {
  readonly method: 'GET' | 'HEAD'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Give a redirect to another host back instead of following it: file stores refuse HEAD. */
  readonly stay?: boolean
  readonly signal?: AbortSignal
}

const mostRedirects = 10
const timeoutMs = 60_000
const isLocal = (url: URL): boolean => /^(localhost|127\..*|\[::1\])$/.test(url.hostname)

/** Dispatchers are kept for the life of the process: they hold no connection open for long. */
let direct: Dispatcher | undefined
let proxied: Dispatcher | undefined

/** The environment's proxy is used, but never for this machine's own servers. */
function dispatcherFor(url: URL): Dispatcher {
  const options = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs, keepAliveTimeout: 4000 }
  if (isLocal(url)) return (direct ??= new Agent(options))
  return (proxied ??= new EnvHttpProxyAgent(options))
}

/**
 * The answer that no redirect follows; its body must be read or dumped. Throws MODEL_FETCH_FAILED for redirects that
 * go in circles or from https to http; what the network throws otherwise.
 */
export async function ask(hub: Pick<Hub, 'endpoint' | 'token'>, question: Question): Promise<Answer> {
  const { method, signal } = question
  let hubHeaders: Headers = {}
  let url = new URL(question.url)
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const headers = { 'accept-encoding': 'identity', ...question.headers, ...credentials(hub, url) }
    const response = await request(url, { method, headers, signal, dispatcher: dispatcherFor(url) })
    const { statusCode: status, body } = response
    if (url.origin === new URL(hub.endpoint).origin) hubHeaders = { ...hubHeaders, ...response.headers }
    const location = response.headers.location
    if (status < 300 || status >= 400 || typeof location !== 'string') {
      return { status, headers: response.headers, hubHeaders, body }
    }
    const next = nextUrl(url, location)
    if (question.stay === true && next.origin !== url.origin) {
      return { status, headers: response.headers, hubHeaders, body }
    }
    await body.dump()
    url = next
  }
  throw new PotstillError(
    'MODEL_FETCH_FAILED',
    `${shownUrl(url)} leads from one address to the next without end`,
  )
}

function credentials({ endpoint, token }: Pick<Hub, 'endpoint' | 'token'>, url: URL): Record<string, string> {
  if (token === null || url.origin !== new URL(endpoint).origin) return {}
  if (url.protocol !== 'https:' && !isLocal(url)) return {}
  return { authorization: `Bearer ${token}` }
}

function nextUrl(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null
  const isSafe = to?.protocol === 'https:' || (to?.protocol === 'http:' && from.protocol === 'http:')
  if (to !== null && isSafe) return to
  const shown = to === null ? 'something that is no address' : shownUrl(to)
  throw new PotstillError('MODEL_FETCH_FAILED', `${shownUrl(from)} leads to ${shown}, which is not followed`)
}

/** A header's one value, or null. */
export function headerOf(headers: Headers, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' ? value : (value?.[0] ?? null)
}
