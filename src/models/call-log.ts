/** A paid model behind the call log: a request whose reply is logged is never sent again, and no reply is lost. */
import { createHash } from 'node:crypto'
import type { ChatModel, ChatRequest, Reply } from '../core/chat-model.ts'
import { PotstillError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { LoggedCall, Store } from '../core/store.ts'
import type { Budget } from './budget.ts'
import { createCallEstimator, type CallEstimator } from './call-estimate.ts'
import { createBodyWriter } from './chat-body.ts'
import { parseBody, readReply, readUsage } from './chat-reply.ts'
import type { LateSignals } from './late-signals.ts'
import type { ChatClient, RawReply } from './openai-client.ts'
import type { Outcome } from './outcome.ts'
import { priceOf, type Price } from './prices.ts'
import type { Provider } from './providers.ts'
import type { Scheduler } from './scheduler.ts'

/** What all models of one provider share in a process. */
export interface Connection {
  readonly provider: Provider
  readonly client: ChatClient
  readonly scheduler: Scheduler
  /** Cuts what is under way, some time after it was asked to. */
  readonly lateSignals: LateSignals
  /** Requests under way, by call key: the same request asked twice is one call. */
  readonly underWay: Map<string, Promise<Reply>>
}

export interface LoggedModelOptions {
  /** "openai/gpt-6-sol" */
  readonly id: string
  /** The model's name at the provider. */
  readonly model: string
  readonly connection: Connection
  readonly store: Store
  /** The run or job that pays. */
  readonly run: string
  readonly budget: Budget
  readonly price: Price | null
  readonly priceBasis: string
}

/**
 * A reply that came whole but holds no answer (no JSON, no choices, an empty message) is logged like any other,
 * since it was paid for, and asked for once more under a key of its own: so often in all, over all runs. What
 * the scheduler tries again (429, 5xx, a cut connection) is no reply and is not logged.
 */
const mostReplies = 2

interface Context extends LoggedModelOptions {
  readonly estimator: CallEstimator
}

/** One request, and its body as it is sent: as bytes only, since hundreds of long ones may be under way. */
interface Question {
  readonly request: ChatRequest
  readonly body: Buffer
  readonly signal?: AbortSignal
}

/**
 * `complete` throws MODEL_REPLY_INVALID when no reply held an answer, BUDGET_EXCEEDED, MODEL_CALL_FAILED, MODEL_UNAVAILABLE,
 * MODEL_REQUEST_REFUSED, INTERRUPTED and STORE_UNAVAILABLE. Its signal ends at once what waits to be sent, and
 * gives replies under way some seconds to arrive.
 */
export function createLoggedModel(options: LoggedModelOptions): ChatModel {
  const { id, priceBasis, connection, model } = options
  const context: Context = { ...options, estimator: createCallEstimator(options.price) }
  const write = createBodyWriter(connection.provider, model)
  return {
    id,
    source: 'provider',
    priceBasis,
    complete: (request, signal) => askOnce(context, { request, body: Buffer.from(write(request)), signal }),
  }
}

/** Joins a request that is under way already. */
async function askOnce(context: Context, question: Question): Promise<Reply> {
  const { underWay } = context.connection
  const key = callKey(context, question, 0)
  for (let other = underWay.get(key); other !== undefined; other = underWay.get(key)) {
    try {
      return { ...(await other), cached: true }
    } catch (error) {
      const onlyOther = error instanceof PotstillError && error.code === 'INTERRUPTED'
      if (!onlyOther || question.signal?.aborted === true) throw error
    }
  }
  const reply = ask(context, question, key)
  underWay.set(key, reply)
  try {
    return await reply
  } finally {
    underWay.delete(key)
  }
}

/** Goes through the replies that are logged, then asks for new ones, until one holds an answer. */
async function ask(context: Context, question: Question, firstKey: string): Promise<Reply> {
  let fault = ''
  let key = firstKey
  for (let reply = 0; reply < mostReplies; reply++) {
    if (reply > 0) key = callKey(context, question, reply)
    const logged = await context.store.findCall(key)
    const { call, body } =
      logged === null ? await pay(context, question, key) : { call: logged, body: parseBody(logged.response) }
    const read = readReply(body, question.request.schema)
    if ('content' in read) return toReply(context, call, body, { ...read, cached: logged !== null })
    fault = read.fault
  }
  throw new PotstillError(
    'MODEL_REPLY_INVALID',
    `${context.id} gave no answer in ${mostReplies} replies, the last one because ${fault}`,
    { hint: `The raw reply is in the call log under ${key}.` },
  )
}

function toReply(
  { price }: Context,
  call: LoggedCall,
  body: Json | undefined,
  read: Pick<Reply, 'content' | 'finishReason' | 'refusal' | 'logprobs' | 'cached'>,
): Reply {
  const usage = readUsage(body)
  return {
    ...read,
    usage,
    latencyMs: call.latencyMs,
    // A price that was unknown when the call was made may be known now.
    priceUsd: call.priceUsd ?? (price === null || usage === null ? null : priceOf(price, usage)),
    callKey: call.key,
    raw: body ?? null,
  }
}

/** Exactly the same request, provider and sample have the same key; each further reply has one of its own. */
function callKey({ connection }: Context, { request, body }: Question, reply: number): string {
  const place = `${connection.provider.baseUrl}\n${request.repeat ?? 0}\n${reply}\n`
  return createHash('sha256').update(place).update(body).digest('hex')
}

interface PaidCall {
  readonly call: LoggedCall
  readonly body: Json | undefined
}

/** Sends a request as the budget and the scheduler allow; resolves when its reply is on disk. */
async function pay(context: Context, question: Question, key: string): Promise<PaidCall> {
  const { connection, store, run, budget, estimator } = context
  const estimate = estimator.estimate(question.body.length, question.request.maxTokens)
  const reservation = await budget.reserve(estimate.usd)
  let started = false
  let lost = false
  const late = connection.lateSignals.of(question.signal)
  const send = async (): Promise<Outcome<PaidCall>> => {
    if (!started) await store.startCall({ key, run, startedAtMs: Date.now() })
    started = true
    const outcome = await connection.client.post(question.body, late)
    if ('ok' in outcome) return log(context, question, key, outcome.ok, outcome.pauseMs)
    if ('retry' in outcome) lost ||= outcome.lost
    return outcome
  }
  try {
    const { tokens } = estimate
    const paid = await connection.scheduler.run(send, { tokens, signal: question.signal })
    reservation.settle(paid.call.priceUsd ?? estimate.usd)
    return paid
  } catch (error) {
    reservation.settle(0)
    const interrupted = error instanceof PotstillError && error.code === 'INTERRUPTED'
    if (started && !lost && !interrupted) await store.dropStart(key)
    throw error
  }
}

/** The raw reply goes to disk before anybody looks for an answer in it; only its price is read, which cannot fail. */
async function log(
  { connection, store, run, id, price, estimator }: Context,
  question: Question,
  key: string,
  raw: RawReply,
  pauseMs: number | undefined,
): Promise<Outcome<PaidCall>> {
  const body = parseBody(raw.text)
  const usage = readUsage(body)
  const call: LoggedCall = {
    key,
    provider: connection.provider.baseUrl,
    model: id,
    run,
    request: question.body.toString(),
    status: raw.status,
    response: raw.text,
    latencyMs: raw.latencyMs,
    priceUsd: price === null || usage === null ? null : priceOf(price, usage),
    finishedAtMs: Date.now(),
  }
  await store.commitCall(call)
  if (usage !== null) estimator.learn(question.body.length, usage)
  const tokens = usage === null ? undefined : usage.promptTokens + usage.completionTokens
  return { ok: { call, body }, pauseMs, tokens }
}
