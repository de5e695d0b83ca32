/** One request at the gateway, from its arrival to its capture: what the ways of answering share. */
import type { JsonObject } from '../../core/json.ts'
import type { Capture } from '../../core/store.ts'
import { readUsage } from '../../models/chat-reply.ts'
import { findPrice, priceOf } from '../../models/prices.ts'
import type { ServeDeps, Target } from '../deps.ts'
import type { CaptureOutcome, CaptureWriter } from './capture-writer.ts'
import type { GatewayRequest } from './read-request.ts'

export type GatewayParts = Pick<ServeDeps, 'captures' | 'upstream'>

export interface Exchange {
  readonly deps: ServeDeps
  readonly request: GatewayRequest
  readonly requestId: string
  readonly startedAtMs: number
  /** performance.now() at its start. */
  readonly startedAt: number
  readonly captured: boolean
  readonly workload: string | null
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal
  /** Closes the client's connection at once; false where there is none. */
  readonly cut: () => boolean
}

/** Which model gave an answer, and why it was this one. */
export interface Decision {
  readonly target: Target
  readonly part: 'alone' | 'student' | 'teacher'
  readonly why: string
  readonly confidence?: number
}

/** Where the model and the reason are read from an answer. */
export function decisionHeaders({ target, why, confidence }: Decision): Record<string, string> {
  return {
    'x-potstill-model': headerText(target.id),
    'x-potstill-why': headerText(why),
    ...(confidence === undefined ? {} : { 'x-potstill-confidence': confidence.toFixed(4) }),
  }
}

/** Model names are the client's: what no header may hold goes. */
function headerText(text: string): string {
  return encodeURI(text).replaceAll('%20', ' ').replaceAll('%22', '"').slice(0, 500)
}

/** Stores the completion as the client has it. `response` is JSON text; `completion` the same, parsed. */
export async function keep(
  exchange: Exchange,
  captures: CaptureWriter,
  decision: Decision,
  { id, response, completion }: { id: string; response: string; completion: JsonObject },
): Promise<CaptureOutcome> {
  const { deps, request } = exchange
  const usage = readUsage(completion)
  const price = decision.target.kind === 'provider' ? findPrice(deps.prices, decision.target.id) : null
  const capture: Capture = {
    id,
    createdAtMs: exchange.startedAtMs,
    model: request.model,
    answeredBy: decision.target.id,
    why: decision.why,
    workload: exchange.workload,
    metadata: request.metadata,
    request: request.text,
    response,
    latencyMs: performance.now() - exchange.startedAt,
    priceUsd: price === null || usage === null ? null : priceOf(price, usage),
    stored: request.store,
  }
  return captures.keep(capture)
}

export function countAnswer({ deps, startedAt }: Exchange, { target, part }: Decision): void {
  const source = target.kind === 'provider' ? 'provider' : target.model.source
  deps.metrics.answers.inc({ source, part })
  deps.metrics.seconds.observe({ source }, (performance.now() - startedAt) / 1000)
}
