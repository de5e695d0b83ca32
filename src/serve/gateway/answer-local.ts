/** Has a model of this machine answer, and its teacher where it is not sure enough or cannot answer at all. */
import type { ChatRequest, Reply } from '../../core/chat-model.ts'
import { PotstillError, isRowFault } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { apiError } from '../api-error.ts'
import type { Resolved, Target } from '../deps.ts'
import { shapeFault } from './asked-shape.ts'
import { answerUpstream } from './answer-upstream.ts'
import {
  countAnswer,
  decisionHeaders,
  keep,
  type Decision,
  type Exchange,
  type GatewayParts,
} from './exchange.ts'
import { toChunks, toCompletion, usageOf, type LocalAnswer } from './local-completion.ts'
import { readLocalRequest } from './local-request.ts'

type LocalTarget = Extract<Target, { kind: 'local' }>

interface LocalReply {
  readonly decision: Decision
  readonly asked: ChatRequest
  readonly reply: Reply
}

/** @throws a 400 for what a local model cannot do, and what its answering throws. */
export async function answerLocal(
  exchange: Exchange,
  parts: GatewayParts,
  resolved: Resolved & { readonly target: LocalTarget },
): Promise<Response> {
  const { target, teacher, why } = resolved
  if (teacher === undefined) {
    const answer = await ask(exchange, { target, part: 'alone', why })
    const fault = shapeFault(exchange.request.body, answer.reply.content)
    if (fault !== null) throw cannotAnswer(exchange, fault, 'response_format')
    return finish(exchange, parts, answer)
  }
  const unsure = await askStudent(exchange, resolved)
  if ('reply' in unsure) return finish(exchange, parts, unsure)
  const decision = {
    part: 'teacher',
    why: `${why}: ${unsure.because}`,
    confidence: unsure.confidence,
  } as const
  return teacher.kind === 'provider'
    ? answerUpstream(exchange, parts, { ...decision, target: teacher })
    : finish(exchange, parts, await ask(exchange, { ...decision, target: teacher }))
}

interface Unsure {
  readonly because: string
  readonly confidence?: number
}

/** The student's answer where it is to be kept, else why the teacher answers. */
async function askStudent(
  exchange: Exchange,
  { target, threshold = 1, why }: Resolved & { readonly target: LocalTarget },
): Promise<LocalReply | Unsure> {
  const read = readLocalRequest(exchange.request.body)
  if ('unsupported' in read) return { because: `the student cannot answer this (${read.unsupported})` }
  const answer = await ask(exchange, { target, part: 'student', why }).catch((error: unknown) => {
    if (isRowFault(error)) return null
    throw error
  })
  if (answer === null) return { because: 'the student had no answer' }
  const { confidence } = answer.reply
  const fault = shapeFault(exchange.request.body, answer.reply.content)
  if (fault !== null) return { because: `the student cannot answer this (${fault})`, confidence }
  if (confidence === undefined) return { because: 'the student does not say how sure it is' }
  const shown = confidence.toFixed(4)
  if (confidence < threshold) return { because: `confidence ${shown} below ${threshold}`, confidence }
  return {
    ...answer,
    decision: { ...answer.decision, why: `${why}: confidence ${shown} at or above ${threshold}` },
  }
}

async function ask(
  { request, signal }: Exchange,
  decision: Decision & { readonly target: LocalTarget },
): Promise<LocalReply> {
  const read = readLocalRequest(request.body)
  if ('unsupported' in read) throw cannotAnswer({ request }, read.unsupported, read.param)
  const reply = await decision.target.model.complete(read.request, signal).catch((error: unknown) => {
    if (signal.aborted) throw new PotstillError('INTERRUPTED', 'The client left', { cause: error })
    throw error
  })
  const { confidence = decision.confidence } = reply
  return { decision: { ...decision, confidence }, asked: read.request, reply }
}

function cannotAnswer({ request }: Pick<Exchange, 'request'>, fault: string, param: string): Error {
  return apiError(400, `${request.model} cannot answer this: ${fault}.`, { param, code: 'unsupported_value' })
}

async function finish(
  exchange: Exchange,
  parts: GatewayParts,
  { decision, asked, reply }: LocalReply,
): Promise<Response> {
  const { request } = exchange
  const answer: LocalAnswer = {
    id: parts.captures.nextId(),
    createdAtMs: exchange.startedAtMs,
    model: request.model,
    reply,
    usage: await usageOf(asked, reply),
  }
  const completion = toCompletion(answer)
  const response = JSON.stringify(completion)
  const headers: Record<string, string> = decisionHeaders(decision)
  countAnswer(exchange, decision)
  if (exchange.captured) {
    const kept = { id: answer.id, response, completion: completion as unknown as JsonObject }
    headers['x-potstill-capture'] = await keep(exchange, parts.captures, decision, kept)
  }
  if (!request.stream) {
    return new Response(response, { headers: { ...headers, 'content-type': 'application/json' } })
  }
  const events = toChunks(answer, request.includeUsage).map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
  return new Response(`${events.join('')}data: [DONE]\n\n`, {
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  })
}
