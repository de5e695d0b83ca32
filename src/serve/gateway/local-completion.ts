/** A local model's reply as OpenAI's chat completion, whole or as the chunks of a stream. */
import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions'
import type { CompletionUsage } from 'openai/resources/completions'
import type { ChatRequest, Reply, TokenLogprob } from '../../core/chat-model.ts'
import { loadTokenCounter } from '../../models/count-tokens.ts'

export interface LocalAnswer {
  readonly id: string
  readonly createdAtMs: number
  /** As the client asked for it. */
  readonly model: string
  readonly reply: Reply
  readonly usage: CompletionUsage
}

/** What the model counted itself; else tokens as OpenAI's newer models count them. */
export async function usageOf(request: ChatRequest, reply: Reply): Promise<CompletionUsage> {
  const counter = reply.usage === null ? await loadTokenCounter() : null
  const prompt = reply.usage?.promptTokens ?? counter?.ofRequest(request) ?? 0
  const completion = reply.usage?.completionTokens ?? counter?.ofText(reply.content) ?? 0
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}

export function toCompletion({ id, createdAtMs, model, reply, usage }: LocalAnswer): ChatCompletion {
  return {
    id,
    object: 'chat.completion',
    created: Math.floor(createdAtMs / 1000),
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: reply.content, refusal: reply.refusal ?? null },
        logprobs: logprobsOf(reply),
        finish_reason: finishReason(reply),
      },
    ],
    usage,
  }
}

/** The role, the text, the end, and the usage where it was asked for. */
export function toChunks(answer: LocalAnswer, includeUsage: boolean): ChatCompletionChunk[] {
  const { id, createdAtMs, model, reply, usage } = answer
  const chunk = (choices: ChatCompletionChunk['choices']): ChatCompletionChunk => ({
    id,
    object: 'chat.completion.chunk',
    created: Math.floor(createdAtMs / 1000),
    model,
    choices,
    ...(includeUsage ? { usage: null } : {}),
  })
  const choice = { index: 0, logprobs: null, finish_reason: null }
  return [
    chunk([{ ...choice, delta: { role: 'assistant', content: '', refusal: null } }]),
    chunk([{ ...choice, delta: { content: reply.content }, logprobs: logprobsOf(reply) }]),
    chunk([{ ...choice, delta: {}, finish_reason: finishReason(reply) }]),
    ...(includeUsage ? [{ ...chunk([]), usage }] : []),
  ]
}

function finishReason({ finishReason: reason }: Reply): 'stop' | 'length' | 'content_filter' {
  return reason === 'length' || reason === 'content_filter' ? reason : 'stop'
}

function logprobsOf({ logprobs }: Reply): ChatCompletion.Choice['logprobs'] {
  if (logprobs === undefined) return null
  return {
    content: logprobs.map(({ token, logprob, alternatives }) => ({
      token,
      logprob,
      bytes: bytesOf(token),
      top_logprobs: alternatives.map((other: Pick<TokenLogprob, 'token' | 'logprob'>) => ({
        token: other.token,
        logprob: other.logprob,
        bytes: bytesOf(other.token),
      })),
    })),
    refusal: null,
  }
}

const bytesOf = (token: string): number[] => [...Buffer.from(token)]
