/** A chat completion's body as a question for a model of this machine, or why such a model cannot answer it. */
import type { ChatRequest, Message } from '../../core/chat-model.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'

export type LocalRequest =
  | { readonly request: ChatRequest }
  | { readonly unsupported: string; readonly param: string }

/** Text in and text out: images, tools that must be called and several choices are not for a student. */
export function readLocalRequest(body: JsonObject): LocalRequest {
  const { n, tool_choice: choice, audio, modalities } = body
  if (typeof n === 'number' && n !== 1) return { unsupported: 'it gives one choice', param: 'n' }
  if (choice === 'required' || isJsonObject(choice)) {
    return { unsupported: 'it calls no tools', param: 'tool_choice' }
  }
  if (audio !== undefined && audio !== null) return { unsupported: 'it gives text only', param: 'audio' }
  if (Array.isArray(modalities) && (modalities as readonly Json[]).some((one) => one !== 'text')) {
    return { unsupported: 'it gives text only', param: 'modalities' }
  }
  const messages: Message[] = []
  for (const [index, message] of (body.messages as readonly JsonObject[]).entries()) {
    const read = readMessage(message)
    if (read === null) return { unsupported: 'it reads text only', param: `messages[${index}]` }
    messages.push(read)
  }
  return { request: { messages, ...settingsOf(body) } }
}

const roles: Readonly<Record<string, Message['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
}

function readMessage({ role, content }: JsonObject): Message | null {
  if (typeof role !== 'string' || !Object.hasOwn(roles, role)) return null
  const text = textOf(content)
  return text === null ? null : { role: roles[role], content: text }
}

/** null for anything but text. */
function textOf(content: Json | undefined): string | null {
  if (typeof content === 'string') return content
  if (content === undefined || content === null) return ''
  if (!Array.isArray(content)) return null
  const parts = (content as readonly Json[]).map((part) =>
    isJsonObject(part) && part.type === 'text' && typeof part.text === 'string' ? part.text : null,
  )
  return parts.includes(null) ? null : parts.join('')
}

function settingsOf(body: JsonObject): Partial<ChatRequest> {
  const { response_format: format, temperature, seed, logprobs } = body
  const named =
    isJsonObject(format) && isJsonObject(format.json_schema) ? format.json_schema.schema : undefined
  const maxTokens = body.max_completion_tokens ?? body.max_tokens
  return {
    ...(isJsonObject(named) ? { schema: named } : {}),
    ...(typeof temperature === 'number' ? { temperature } : {}),
    ...(typeof maxTokens === 'number' && maxTokens >= 1 ? { maxTokens: Math.floor(maxTokens) } : {}),
    ...(typeof seed === 'number' ? { seed } : {}),
    ...(logprobs === true ? { logprobs } : {}),
  }
}
