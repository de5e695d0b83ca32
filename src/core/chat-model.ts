/** Whoever answers: a provider's model, recorded answers, a student. */
import type { Json, JsonObject } from './json.ts'
import type { ValueDistribution } from './row.ts'

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

export interface ChatRequest {
  readonly messages: readonly Message[]
  /** Asks for an answer of this JSON Schema where the model can be held to one. */
  readonly schema?: JsonObject
  /** Asks for exactly one of these where the model can be held to them; providers read them in the prompt. */
  readonly labels?: readonly string[]
  readonly temperature?: number
  readonly maxTokens?: number
  readonly seed?: number
  /** Asks for token log-probabilities where the model offers them. */
  readonly logprobs?: boolean
  /** Further fields of a provider's request body, exactly as they go there: top_p, reasoning_effort, tools. */
  readonly parameters?: JsonObject
  /** Tells repeated samples of one request apart, in the call log too; 0 by default. */
  readonly repeat?: number
}

export interface Usage {
  readonly promptTokens: number
  readonly cachedPromptTokens: number
  readonly completionTokens: number
}

/** One token of an answer with its log-probability and the likeliest alternatives at its place. */
export interface TokenLogprob {
  readonly token: string
  readonly logprob: number
  readonly alternatives: readonly { readonly token: string; readonly logprob: number }[]
}

export interface Reply {
  readonly content: string
  readonly finishReason: string
  /** Set when the model declined to answer. */
  readonly refusal?: string
  readonly usage: Usage | null
  /** As measured when the call was made, also when it now comes from the call log; null when unknown. */
  readonly latencyMs: number | null
  readonly priceUsd: number | null
  /** Local models: the processor time that the answer took, over all cores; its share where several were answered at once. */
  readonly processorMs?: number
  /** A student's calibrated probability that the whole answer is right. */
  readonly confidence?: number
  readonly logprobs?: readonly TokenLogprob[]
  /** How sure several teachers together are of each value, by field path. */
  readonly soft?: Readonly<Record<string, ValueDistribution>>
  /** The call-log key of a paid reply: what a training row leads back to. */
  readonly callKey?: string
  /** True when it came from the call log rather than from the provider. */
  readonly cached?: boolean
  /** The provider's own body, or null where there is none. */
  readonly raw: Json
}

export interface ChatModel {
  /** "openai/gpt-6-luna", "recorded/with-guide", "student/support-desk@3" */
  readonly id: string
  /** `recorded` answers are data, and every screen says so. */
  readonly source: 'provider' | 'recorded' | 'student' | 'local' | 'baseline'
  /** How the prices of its replies come about, for the report: "provider usage at prices of 2026-11-06". */
  readonly priceBasis?: string
  /** Local models: how many requests are answered side by side; 1 when absent. */
  readonly parallel?: number
  complete(request: ChatRequest, signal?: AbortSignal): Promise<Reply>
  close?(): Promise<void>
}

/** Answers in this process or a child of it, so that it costs processor time and no network. */
export function isLocal({ source }: Pick<ChatModel, 'source'>): boolean {
  return source === 'student' || source === 'local' || source === 'baseline'
}

/** The last user message of a request: what a student without a prompt of its own, or a record, answers. */
export function lastUserMessage(request: ChatRequest): string {
  for (let i = request.messages.length - 1; i >= 0; i--) {
    if (request.messages[i].role === 'user') return request.messages[i].content
  }
  return ''
}
