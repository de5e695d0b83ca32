/** Reads the body of a chat completion. Nothing here throws: a bad reply is a fault with a reason. */
import type { TokenLogprob, Usage } from '../core/chat-model.ts'
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts'
import { removeAddedNulls } from './strict-schema.ts'

export interface ReadReply {
  readonly content: string
  readonly finishReason: string
  readonly refusal?: string
  readonly logprobs?: readonly TokenLogprob[]
}

/** The body as JSON; undefined when it is none. */
export function parseBody(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** null where the body does not say. */
export function readUsage(body: Json | undefined): Usage | null {
  const usage = isJsonObject(body) ? body.usage : undefined
  if (!isJsonObject(usage)) return null
  const promptTokens = count(usage.prompt_tokens)
  const completionTokens = count(usage.completion_tokens)
  if (promptTokens === null || completionTokens === null) return null
  const details = isJsonObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details.cached_tokens : null
  const cached = count(details) ?? count(usage.prompt_cache_hit_tokens) ?? 0
  return { promptTokens, completionTokens, cachedPromptTokens: Math.min(cached, promptTokens) }
}

function count(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}

/**
 * The answer in a body, or why there is none. A refusal, a call of tools, an answer cut by its length limit and one
 * stopped by a content filter are answers, since asking again would give the same.
 */
export function readReply(
  body: Json | undefined,
  schema?: JsonObject,
): ReadReply | { readonly fault: string } {
  if (!isJsonObject(body)) return { fault: 'the body is not a JSON object' }
  const choice = Array.isArray(body.choices) ? (body.choices as readonly Json[])[0] : undefined
  if (!isJsonObject(choice)) return { fault: describeMissingChoice(body) }
  const message = isJsonObject(choice.message) ? choice.message : {}
  const finishReason = typeof choice.finish_reason === 'string' ? choice.finish_reason : 'unknown'
  const refusal = typeof message.refusal === 'string' && message.refusal !== '' ? message.refusal : undefined
  const content = readContent(message.content)
  const cutShort = finishReason === 'length' || finishReason === 'content_filter'
  const callsTools = Array.isArray(message.tool_calls) && message.tool_calls.length > 0
  if (content === '' && refusal === undefined && !cutShort && !callsTools) {
    return { fault: `the message has no content (finish_reason ${finishReason})` }
  }
  const logprobs = readLogprobs(choice.logprobs)
  return {
    content: schema === undefined ? content : inShapeOf(schema, content),
    finishReason,
    ...(refusal === undefined ? {} : { refusal }),
    ...(logprobs === undefined ? {} : { logprobs }),
  }
}

function describeMissingChoice(body: JsonObject): string {
  const error = isJsonObject(body.error) ? body.error.message : undefined
  if (typeof error === 'string') return `the body is an error: ${error.slice(0, 300)}`
  return Array.isArray(body.choices) ? 'choices is empty' : 'the body has no choices'
}

/** Text, or the text parts that some servers send instead; "" for anything else. */
function readContent(content: Json | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return (content as readonly Json[])
    .map((part) => (isJsonObject(part) && typeof part.text === 'string' ? part.text : ''))
    .join('')
}

/** An answer to the strict copy of a schema, put back into the shape that was asked for. */
function inShapeOf(schema: JsonObject, content: string): string {
  const answer = content.includes('null') ? parseBody(content) : undefined
  if (answer === undefined) return content
  const original = removeAddedNulls(answer, schema)
  return JSON.stringify(original) === JSON.stringify(answer) ? content : JSON.stringify(original)
}

function readLogprobs(logprobs: Json | undefined): TokenLogprob[] | undefined {
  const tokens = isJsonObject(logprobs) ? logprobs.content : undefined
  if (!Array.isArray(tokens)) return undefined
  return (tokens as readonly Json[]).flatMap((entry) => {
    const own = readToken(entry)
    if (own === null || !isJsonObject(entry)) return []
    const alternatives = Array.isArray(entry.top_logprobs) ? (entry.top_logprobs as readonly Json[]) : []
    return [{ ...own, alternatives: alternatives.map(readToken).filter((token) => token !== null) }]
  })
}

function readToken(entry: Json): { token: string; logprob: number } | null {
  if (!isJsonObject(entry) || typeof entry.token !== 'string' || typeof entry.logprob !== 'number')
    return null
  return { token: entry.token, logprob: entry.logprob }
}
