/** Reads a chat completion's body within its limits, and of it only what the gateway itself goes by. */
import type { Context } from 'hono'
import type { IncomingMessage } from 'node:http'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import { apiError } from '../api-error.ts'
import type { ServeEnv, ServeSettings } from '../deps.ts'
import { metadataSchema, type Metadata } from '../metadata.ts'

export interface GatewayRequest {
  /** Exactly as it came. */
  readonly text: string
  readonly body: JsonObject
  readonly model: string
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly store: boolean
  readonly metadata: Readonly<Record<string, string>>
  /** As the client names it; null where it does not. */
  readonly workload: string | null
}

/** @throws a 400, 408 or 413. */
export async function readRequest(
  c: Context<ServeEnv>,
  settings: Pick<ServeSettings, 'mostBodyBytes' | 'idleMs'>,
): Promise<GatewayRequest> {
  const text = (await readBody(c, settings)).toString('utf8')
  const body = parse(text)
  const { model, stream, messages, store, stream_options: streamOptions } = body
  if (typeof model !== 'string' || model === '' || model.length > 500) {
    throw wrong('model', 'the name of a model', model)
  }
  if (!Array.isArray(messages) || messages.length === 0)
    throw wrong('messages', 'a list of messages', messages)
  const fault = (messages as readonly Json[]).findIndex((message) => !isJsonObject(message))
  if (fault !== -1) throw wrong(`messages[${fault}]`, 'an object', messages[fault] as Json)
  if (!isFlag(stream)) throw wrong('stream', 'true or false', stream)
  if (!isFlag(store)) throw wrong('store', 'true or false', store)
  if (streamOptions !== undefined && streamOptions !== null && !isJsonObject(streamOptions)) {
    throw wrong('stream_options', 'an object', streamOptions)
  }
  const metadata = readMetadata(body.metadata)
  return {
    text,
    body,
    model,
    stream: stream === true,
    includeUsage: isJsonObject(streamOptions) && streamOptions.include_usage === true,
    store: store === true,
    metadata,
    workload: workloadOf(c.req.header('x-potstill-workload') ?? metadata['workload']),
  }
}

function isFlag(value: Json | undefined): value is boolean | null | undefined {
  return value === undefined || value === null || typeof value === 'boolean'
}

function wrong(param: string, expected: string, got: Json | undefined): Error {
  const shown = got === undefined ? 'it is missing' : `got ${JSON.stringify(got).slice(0, 80)}`
  const code = got === undefined ? 'missing_required_parameter' : 'invalid_type'
  return apiError(400, `${param} must be ${expected}; ${shown}.`, { param, code })
}

function workloadOf(name: string | undefined): string | null {
  if (name === undefined || name === '') return null
  if (name.length <= 128 && !/\p{Cc}/u.test(name)) return name
  throw apiError(400, 'A workload is a name of at most 128 characters.', { param: 'x-potstill-workload' })
}

function parse(text: string): JsonObject {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : ''
    throw apiError(400, `The body is not valid JSON: ${reason}`, { code: 'invalid_json', cause })
  }
  if (!isJsonObject(body)) throw apiError(400, 'The body must be a JSON object.', { code: 'invalid_type' })
  return body
}

function readMetadata(value: Json | undefined): Metadata {
  if (value === undefined || value === null) return {}
  const { data, error } = metadataSchema.safeParse(value)
  if (data !== undefined) return data
  const [{ message, path }] = error.issues
  const param = ['metadata', ...path].join('.').slice(0, 100)
  throw apiError(400, `${param}: ${message}.`, { param, code: 'invalid_metadata' })
}

/** Over a socket the stream is read here, which ends it at the limit; without one the request's own body is. */
async function readBody(
  c: Context<ServeEnv>,
  { mostBodyBytes, idleMs }: Pick<ServeSettings, 'mostBodyBytes' | 'idleMs'>,
): Promise<Buffer> {
  if (Number(c.req.header('content-length') ?? 0) > mostBodyBytes) throw tooLarge(mostBodyBytes)
  const incoming = c.env?.incoming
  if (incoming !== undefined) return readStream(incoming, mostBodyBytes, idleMs)
  const bytes = Buffer.from(await c.req.arrayBuffer())
  if (bytes.length > mostBodyBytes) throw tooLarge(mostBodyBytes)
  return bytes
}

function tooLarge(most: number): Error {
  return apiError(413, `The body is larger than ${most} bytes.`, {
    code: 'body_too_large',
    headers: { connection: 'close' },
  })
}

function readStream(incoming: IncomingMessage, most: number, idleMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let over = false
    const end = (settle: () => void): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      incoming.off('data', onData)
      settle()
    }
    const timer = setTimeout(() => {
      const details = { headers: { connection: 'close' } }
      end(() => reject(apiError(408, 'The body did not come in time.', details)))
    }, idleMs)
    function onData(chunk: Buffer): void {
      timer.refresh()
      bytes += chunk.length
      if (bytes > most) end(() => reject(tooLarge(most)))
      else chunks.push(chunk)
    }
    incoming.on('data', onData)
    incoming.once('end', () => end(() => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))))
    const cut = (): void => end(() => reject(apiError(400, 'The body was cut off.')))
    incoming.once('error', cut)
    incoming.once('close', cut)
  })
}
