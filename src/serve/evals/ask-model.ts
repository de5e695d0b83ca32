/** Asks a run's model for one row: the messages by template or reference, the sampling as OpenAI's clients write it. */
import type { ChatModel, ChatRequest, Message, Reply } from '../../core/chat-model.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import { messageText } from '../../steps/evaluate/graders/criterion.ts'
import { fillTemplate, lookUp } from '../../steps/evaluate/graders/template.ts'
import type { CompletionsSource, RunSampling } from './create-run.ts'

/** The messages of a row, or why there are none. */
export type Asked = { readonly messages: readonly Message[] } | { readonly fault: string }

/** Without input messages, as only stored completions may be, the row's own are asked again. */
export function messagesFor({ input_messages: input }: CompletionsSource, item: JsonObject): Asked {
  if (input?.type !== 'template') return referred(input?.item_reference ?? 'item.input', item)
  const messages: Message[] = []
  for (const message of input.template) {
    const filled = fillTemplate(messageText(message), { item })
    if ('missing' in filled) return { fault: `there is no ${filled.missing}` }
    messages.push({ role: plainRole(message.role), content: filled.text })
  }
  return { messages }
}

/** A reference is written bare or in braces. */
function referred(reference: string, item: JsonObject): Asked {
  const path = reference.replace(/^\{\{\s*|\s*\}\}$/gu, '')
  const value = lookUp(path, { item })
  if (typeof value === 'string') return { messages: [{ role: 'user', content: value }] }
  if (!Array.isArray(value) || value.length === 0) return { fault: `${path} is no list of messages` }
  const messages: Message[] = []
  for (const [index, message] of (value as readonly Json[]).entries()) {
    const content = isJsonObject(message) ? textOf(message.content) : null
    const role = isJsonObject(message) ? message.role : undefined
    const known = ['system', 'developer', 'user', 'assistant'].find((each) => each === role)
    if (content === null || known === undefined) return { fault: `${path}[${index}] is no message of text` }
    messages.push({ role: plainRole(known), content })
  }
  return { messages }
}

function plainRole(role: string): Message['role'] {
  return role === 'developer' || role === 'system' ? 'system' : role === 'assistant' ? 'assistant' : 'user'
}

/** null for anything but text. */
function textOf(content: Json | undefined): string | null {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return null
  const texts = (content as readonly Json[]).map((part) =>
    isJsonObject(part) && typeof part.text === 'string' ? part.text : null,
  )
  return texts.includes(null) ? null : texts.join('')
}

export async function askModel(
  model: ChatModel,
  messages: readonly Message[],
  sampling: RunSampling | null | undefined,
  signal: AbortSignal,
): Promise<Reply> {
  return model.complete({ messages, ...settingsOf(sampling ?? {}, model) }, signal)
}

/** A provider gets everything as it was written; a local model is held to the schema. */
function settingsOf(sampling: RunSampling, model: ChatModel): Partial<ChatRequest> {
  const { temperature, seed, top_p, reasoning_effort, response_format: format, tools } = sampling
  const maxTokens = maxTokensOf(sampling)
  const named =
    isJsonObject(format) && isJsonObject(format.json_schema) ? format.json_schema.schema : undefined
  const further = { top_p, reasoning_effort, response_format: format, tools }
  const parameters = Object.fromEntries(
    Object.entries(further).filter(([, value]) => value !== undefined && value !== null),
  ) as JsonObject
  return {
    ...(typeof temperature === 'number' ? { temperature } : {}),
    ...(typeof seed === 'number' ? { seed } : {}),
    ...(typeof maxTokens === 'number' ? { maxTokens } : {}),
    ...(model.source === 'provider' ? { parameters } : isJsonObject(named) ? { schema: named } : {}),
  }
}

/** Under either of its names. */
export function maxTokensOf(sampling: RunSampling | null | undefined): number | null {
  return sampling?.max_completion_tokens ?? sampling?.max_completions_tokens ?? null
}
