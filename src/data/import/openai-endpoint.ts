/** Reads an endpoint of OpenAI's shape: waits when told to, tries again where that helps, pages through lists. */
import { PotstillError } from '../../core/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'

export interface EndpointOptions {
  /** "https://api.openai.com/v1" */
  readonly baseUrl: string
  /** Sent as bearer token and never written anywhere. */
  readonly key: string | null
  readonly fetch: typeof fetch
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  readonly signal?: AbortSignal
  /** Told before each wait, in words. */
  readonly onWait?: (text: string) => void
}

export interface Endpoint {
  /** null for 403, 404, 405 and 410: what is not there, or no longer. @throws MODEL_UNAVAILABLE, MODEL_CALL_FAILED. */
  json(path: string): Promise<JsonObject | null>
  /** Hands the body on as it comes, and again from its start where it is cut; false where there is none, as above. */
  bytes(path: string, take: (body: AsyncIterable<Uint8Array>) => Promise<void>): Promise<boolean>
  /** Pages of a list from the item after `after` on; null where there is no such list. */
  pages(path: string, after: string | null): AsyncGenerator<readonly JsonObject[] | null, void>
}

const mostAttempts = 8
const longestWaitMs = 60_000
const timeoutMs = 120_000
const pageSize = 100

export function createEndpoint(options: EndpointOptions): Endpoint {
  const ask = async <Result>(
    path: string,
    read: (response: Response) => Promise<Result>,
  ): Promise<Result | null> => {
    for (let attempt = 1; ; attempt++) {
      const outcome = await once(options, path, read)
      if ('result' in outcome) return outcome.result
      if (attempt === mostAttempts) {
        throw new PotstillError('MODEL_CALL_FAILED', `${outcome.message}, ${mostAttempts} times in a row`, {
          hint: 'Run the same command again later: what has arrived is kept.',
        })
      }
      const waitMs = outcome.waitMs ?? Math.min(longestWaitMs, 500 * 2 ** (attempt - 1))
      options.onWait?.(`${outcome.message}: trying again in ${Math.ceil(waitMs / 1000)} s`)
      await options.sleep(waitMs, options.signal)
    }
  }
  const json = (path: string): Promise<JsonObject | null> => ask(path, readObject)
  return {
    json,
    async bytes(path, take) {
      const taken = await ask(path, async ({ body }) => {
        if (body !== null) await take(body)
        return true
      })
      return taken === true
    },
    async *pages(path, after) {
      let last = after
      for (;;) {
        const query = `${path.includes('?') ? '&' : '?'}limit=${pageSize}${last === null ? '' : `&after=${encodeURIComponent(last)}`}`
        const page = await json(`${path}${query}`)
        if (page === null) {
          yield null
          return
        }
        const items = Array.isArray(page.data) ? (page.data as readonly Json[]).filter(isJsonObject) : []
        if (items.length > 0) yield items
        const next = items.at(-1)?.id
        // An endpoint that says there is more and gives the same page again would be asked for ever.
        if (page.has_more !== true || typeof next !== 'string' || next === last) return
        last = next
      }
    },
  }
}

type Attempt<Result> =
  | { readonly result: Result | null }
  | { readonly message: string; readonly waitMs: number | undefined }

async function once<Result>(
  { baseUrl, key, fetch, signal }: EndpointOptions,
  path: string,
  read: (response: Response) => Promise<Result>,
): Promise<Attempt<Result>> {
  const place = `GET ${path.split('?')[0]}`
  try {
    const response = await fetch(`${baseUrl}${path}`, {
      headers: { accept: 'application/json', ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]),
    })
    if (response.ok) return { result: await read(response) }
    await response.body?.cancel()
    const message = `${place} answered ${response.status}`
    if (response.status === 401) {
      throw new PotstillError('MODEL_UNAVAILABLE', message, { hint: 'Check the key in OPENAI_API_KEY.' })
    }
    if ([403, 404, 405, 410].includes(response.status)) return { result: null }
    if (response.status === 429 || response.status === 408 || response.status >= 500) {
      return { message, waitMs: retryAfterMs(response) }
    }
    throw new PotstillError('MODEL_REQUEST_REFUSED', message, {
      hint: 'Is this an endpoint of OpenAI’s shape?',
    })
  } catch (error) {
    if (signal?.aborted === true) throw new PotstillError('INTERRUPTED', 'the import was interrupted')
    if (error instanceof PotstillError) throw error
    return { message: `${place}: ${causeOf(error)}`, waitMs: undefined }
  }
}

/** Seconds, or a date. */
function retryAfterMs({ headers }: Response): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  const ms = /^\d+(?:\.\d+)?$/u.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), 10 * longestWaitMs) : undefined
}

async function readObject(response: Response): Promise<JsonObject> {
  const body = (await response.json()) as Json
  if (isJsonObject(body)) return body
  throw new TypeError('the reply is no JSON object')
}

function causeOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string } }
  return cause?.code ?? message ?? 'no reply'
}
