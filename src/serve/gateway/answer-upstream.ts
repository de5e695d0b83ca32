/** Has a provider answer: the request goes there as it came, the reply comes back as it is, and is kept if it is to be. */
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { parseBody } from '../../models/chat-reply.ts'
import { createRedactor, redactKeyShapes } from '../../models/redact.ts'
import { apiError } from '../api-error.ts'
import type { Target } from '../deps.ts'
import { createAssembler } from './assemble-completion.ts'
import { editMembers } from './edit-members.ts'
import { createEventSplitter, type StreamEvent } from './event-stream.ts'
import {
  countAnswer,
  decisionHeaders,
  keep,
  type Decision,
  type Exchange,
  type GatewayParts,
} from './exchange.ts'
import { streamReply, type StreamHandler } from './stream-reply.ts'
import type { UpstreamHeaders } from './upstream.ts'

type ProviderTarget = Extract<Target, { kind: 'provider' }>
type ProviderDecision = Decision & { readonly target: ProviderTarget }

/** @throws as `Upstream.send` does, and a 502 for a redirect: a key is never sent after one. */
export async function answerUpstream(
  exchange: Exchange,
  parts: GatewayParts,
  decision: ProviderDecision,
): Promise<Response> {
  const { provider } = decision.target
  const reply = await parts.upstream.send(provider, bodyFor(exchange, decision.target), exchange.signal)
  if (reply.status >= 300 && reply.status < 400) {
    throw apiError(502, `${provider.name} answered with a redirect (${reply.status}).`, {
      code: 'upstream_redirect',
    })
  }
  const headers = { ...passedHeaders(reply.headers), ...decisionHeaders(decision) }
  if ('stream' in reply) {
    const handler =
      exchange.captured && reply.status === 200
        ? capturingHandler(exchange, parts, decision)
        : passingHandler(exchange, decision)
    const { idleMs } = exchange.deps.settings
    const body = streamReply(reply.stream, handler, { idleMs, cut: exchange.cut })
    return new Response(body, { status: reply.status, headers: { ...headers, 'cache-control': 'no-cache' } })
  }
  if (reply.status >= 400) {
    const redact = createRedactor(provider.key)
    const text = redactKeyShapes(redact(reply.body.toString()))
    return new Response(text, { status: reply.status, headers })
  }
  countAnswer(exchange, decision)
  if (!exchange.captured) return whole(reply.body, reply.status, headers)
  const kept = await keepWhole(exchange, parts, decision, reply.body)
  return whole(kept.body, reply.status, { ...headers, 'x-potstill-capture': kept.outcome })
}

function whole(body: Uint8Array | string, status: number, headers: Record<string, string>): Response {
  return new Response(body as Uint8Array<ArrayBuffer> | string, { status, headers })
}

/** The model by the provider's own name; what is kept here is taken out; usage is asked for where it is to be kept. */
function bodyFor({ request, captured }: Exchange, { model }: ProviderTarget): string {
  const options = request.body.stream_options
  const withUsage = { ...(isJsonObject(options) ? options : {}), include_usage: true }
  return editMembers(request.text, {
    model: JSON.stringify(model),
    store: null,
    metadata: null,
    ...(request.stream && captured ? { stream_options: JSON.stringify(withUsage) } : {}),
  })
}

/** Of one connection only, or about it: set anew for the client's. Cookies are the provider's and ours alone. */
const notPassed = new Set(
  (
    'connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade ' +
    'content-length date server set-cookie alt-svc strict-transport-security x-request-id'
  ).split(' '),
)

function passedHeaders(headers: UpstreamHeaders): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || notPassed.has(name) || name.startsWith('access-control-')) continue
    passed[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const id = headers['x-request-id']
  return typeof id === 'string' ? { ...passed, 'x-upstream-request-id': id } : passed
}

/** An answer that is no chat completion goes out and is not kept. */
async function keepWhole(
  exchange: Exchange,
  { captures }: GatewayParts,
  decision: Decision,
  body: Buffer,
): Promise<{ readonly body: Uint8Array | string; readonly outcome: string }> {
  const text = body.toString()
  const completion = parseBody(text)
  if (!isJsonObject(completion) || !Array.isArray(completion.choices)) return { body, outcome: 'dropped' }
  const id = captures.nextId()
  const response = editMembers(text, { id: JSON.stringify(id) })
  const outcome = await keep(exchange, captures, decision, { id, response, completion })
  return { body: response, outcome }
}

function passingHandler(exchange: Exchange, decision: Decision): StreamHandler {
  return {
    chunk: (chunk) => [chunk],
    async end() {
      countAnswer(exchange, decision)
      return []
    },
    broken: () => undefined,
  }
}

/** From "[DONE]" on everything is held until the whole is kept. */
function capturingHandler(exchange: Exchange, { captures }: GatewayParts, decision: Decision): StreamHandler {
  const splitter = createEventSplitter()
  const assembler = createAssembler()
  const id = captures.nextId()
  const held: Uint8Array[] = []
  let done = false

  function take({ bytes, data }: StreamEvent): Uint8Array[] {
    done ||= data !== null && data.trim() === '[DONE]'
    if (done) {
      held.push(bytes)
      return []
    }
    const chunk = data === null ? undefined : parseBody(data)
    if (data === null || !isJsonObject(chunk)) return [bytes]
    assembler.add(chunk)
    if (isUsageOnly(chunk) && !exchange.request.includeUsage) return []
    return [Buffer.from(`data: ${editMembers(data, { id: JSON.stringify(id) })}\n\n`)]
  }

  return {
    chunk: (chunk) => splitter.push(chunk).flatMap(take),
    async end() {
      countAnswer(exchange, decision)
      const last = [...held, splitter.rest()]
      if (!assembler.complete()) {
        captures.abandon()
        return last
      }
      const completion = { ...assembler.completion(), id }
      await keep(exchange, captures, decision, { id, response: JSON.stringify(completion), completion })
      return last
    },
    broken: () => captures.abandon(),
  }
}

/** The chunk that was only asked for to keep it. */
function isUsageOnly({ choices, usage }: JsonObject): boolean {
  return Array.isArray(choices) && choices.length === 0 && isJsonObject(usage)
}
