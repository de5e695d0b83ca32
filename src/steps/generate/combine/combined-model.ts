/** Several teachers behind one: a ChatModel that asks each and gives one answer. */
import type { ChatModel, ChatRequest, Message, Reply, Usage } from '../../../core/chat-model.ts'
import { isRowFault, messageOf, PotstillError } from '../../../core/errors.ts'
import { vote, weighted } from './by-field.ts'
import { bestOf, blend } from './by-model.ts'
import {
  asItIs,
  validDrafts,
  type CombineContext,
  type Combined,
  type Combiner,
  type Draft,
} from './draft.ts'

export type CombineWay = 'vote' | 'weighted' | 'best-of' | 'blend' | 'fallback'

/** Fallback asks one after the other and needs nothing of this. */
const combiners: Record<Exclude<CombineWay, 'fallback'>, Combiner> = {
  vote,
  weighted,
  'best-of': bestOf,
  blend,
}

export interface Member {
  readonly name: string
  readonly model: ChatModel
  /** Its own system prompt, before what the request's says of the answer's form; "" for none. */
  readonly prompt: string
  readonly temperature?: number
  /** Which of several samples of one model it is; 0 for the first. */
  readonly repeat: number
}

/** A fault of one teacher costs its draft; only where all fail is the row without an answer. */
export function createCombinedModel(
  way: CombineWay,
  members: readonly Member[],
  context: CombineContext,
): ChatModel {
  const sources = new Set(members.map(({ model }) => model.source))
  const basis = [...new Set(members.flatMap(({ model }) => model.priceBasis ?? []))].join('; ')
  return {
    id: `${way}(${members.map(({ name }) => name).join(', ')})`,
    source: sources.has('provider') ? 'provider' : sources.has('recorded') ? 'recorded' : 'local',
    ...(basis === '' ? {} : { priceBasis: basis }),
    complete: (request, signal) =>
      way === 'fallback'
        ? firstUsable(members, context, request, signal)
        : together(combiners[way], members, context, request, signal),
  }
}

async function together(
  combiner: Combiner,
  members: readonly Member[],
  context: CombineContext,
  request: ChatRequest,
  signal: AbortSignal | undefined,
): Promise<Reply> {
  const asked = await Promise.all(members.map((member) => ask(member, context, request, signal)))
  const drafts = asked.filter((draft) => 'reply' in draft)
  if (drafts.length === 0) throw nobodyAnswered(asked)
  const combined = await combiner(drafts, context, request, signal)
  const { further = [] } = combined
  // Drafts are asked for at once, what follows one after the other.
  const latencyMs = sum([slowest(drafts), ...further.map((reply) => reply.latencyMs)])
  return joinReplies(drafts, combined, latencyMs)
}

async function firstUsable(
  members: readonly Member[],
  context: CombineContext,
  request: ChatRequest,
  signal: AbortSignal | undefined,
): Promise<Reply> {
  const asked: (Draft | Fault)[] = []
  for (const member of members) {
    const draft = await ask(member, context, request, signal)
    asked.push(draft)
    if ('reply' in draft && validDrafts([draft]).length === 1) break
  }
  const drafts = asked.filter((draft) => 'reply' in draft)
  const last = drafts.at(-1)
  if (last === undefined) throw nobodyAnswered(asked)
  return joinReplies(drafts, asItIs(last), sum(drafts.map(({ reply }) => reply.latencyMs)))
}

interface Fault {
  readonly teacher: string
  readonly fault: string
}

async function ask(
  { name, model, prompt, temperature, repeat }: Member,
  { parse }: CombineContext,
  request: ChatRequest,
  signal: AbortSignal | undefined,
): Promise<Draft | Fault> {
  const messages = withPrompt(prompt, request.messages)
  const own = temperature === undefined ? {} : { temperature }
  try {
    const reply = await model.complete({ ...request, messages, ...own, repeat }, signal)
    return { teacher: name, reply, parsed: parse(reply.content) }
  } catch (error) {
    if (isRowFault(error)) return { teacher: name, fault: messageOf(error) }
    throw error
  }
}

function withPrompt(prompt: string, messages: readonly Message[]): readonly Message[] {
  if (prompt === '') return messages
  const [first, ...rest] = messages
  return first?.role === 'system'
    ? [{ role: 'system', content: `${prompt}\n\n${first.content}` }, ...rest]
    : [{ role: 'system', content: prompt }, ...messages]
}

function nobodyAnswered(asked: readonly (Draft | Fault)[]): PotstillError {
  const reasons = asked.flatMap((fault) => ('fault' in fault ? [`${fault.teacher}: ${fault.fault}`] : []))
  return new PotstillError('MODEL_CALL_FAILED', `no teacher answered: ${reasons.join('; ')}`)
}

/** All drafts were paid for, whichever was taken. */
function joinReplies(drafts: readonly Draft[], combined: Combined, latencyMs: number | null): Reply {
  const replies = [...drafts.map(({ reply }) => reply), ...(combined.further ?? [])]
  const { from } = combined
  return {
    content: combined.content,
    finishReason: combined.finishReason,
    ...(from?.refusal === undefined ? {} : { refusal: from.refusal }),
    ...(from?.callKey === undefined ? {} : { callKey: from.callKey }),
    ...(combined.soft === undefined ? {} : { soft: combined.soft }),
    usage: sumUsage(replies),
    latencyMs,
    priceUsd: sum(replies.map(({ priceUsd }) => priceUsd)),
    cached: replies.every(({ cached }) => cached === true),
    raw: null,
  }
}

function sum(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (total, value) => (total === null || value === null ? null : total + value),
    0,
  )
}

function slowest(drafts: readonly Draft[]): number | null {
  const times = drafts.map(({ reply }) => reply.latencyMs)
  return times.some((time) => time === null) ? null : Math.max(...times.map((time) => time ?? 0))
}

function sumUsage(replies: readonly Reply[]): Usage | null {
  const usages = replies.flatMap(({ usage }) => (usage === null ? [] : [usage]))
  if (usages.length < replies.length) return null
  return {
    promptTokens: usages.reduce((total, usage) => total + usage.promptTokens, 0),
    cachedPromptTokens: usages.reduce((total, usage) => total + usage.cachedPromptTokens, 0),
    completionTokens: usages.reduce((total, usage) => total + usage.completionTokens, 0),
  }
}
