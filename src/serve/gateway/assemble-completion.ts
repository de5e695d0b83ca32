/** Puts the chunks of a streamed chat completion together into the completion that it would have been unstreamed. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'

export interface Assembler {
  add(chunk: JsonObject): void
  /** Whether each choice came to its end. */
  complete(): boolean
  completion(): JsonObject
}

interface Choice {
  readonly index: number
  message: Record<string, Json>
  toolCalls: Record<string, Json>[]
  logprobs: Record<string, Json> | null
  finishReason: Json
}

/** Fields that are not known are kept too: the last value of each. */
export function createAssembler(): Assembler {
  let top: Record<string, Json> = {}
  const choices = new Map<number, Choice>()
  return {
    add(chunk) {
      const { choices: parts, ...others } = chunk
      for (const [name, value] of Object.entries(others)) if (value !== null) top[name] = value
      for (const part of Array.isArray(parts) ? (parts as readonly Json[]) : []) {
        if (isJsonObject(part)) addToChoice(choices, part)
      }
    },
    complete: () => choices.size > 0 && [...choices.values()].every((choice) => choice.finishReason !== null),
    completion: () => ({
      ...top,
      object: 'chat.completion',
      choices: [...choices.values()].sort((a, b) => a.index - b.index).map(finishChoice),
    }),
  }
}

function addToChoice(choices: Map<number, Choice>, part: JsonObject): void {
  const index = typeof part.index === 'number' ? part.index : 0
  const choice = choices.get(index) ?? {
    index,
    message: { role: 'assistant', content: null, refusal: null },
    toolCalls: [],
    logprobs: null,
    finishReason: null,
  }
  choices.set(index, choice)
  if (part.finish_reason !== undefined && part.finish_reason !== null)
    choice.finishReason = part.finish_reason
  if (isJsonObject(part.logprobs)) choice.logprobs = join(choice.logprobs ?? {}, part.logprobs)
  if (!isJsonObject(part.delta)) return
  const { tool_calls: calls, ...delta } = part.delta
  choice.message = join(choice.message, delta)
  for (const call of Array.isArray(calls) ? (calls as readonly Json[]) : []) {
    if (isJsonObject(call)) addToCalls(choice.toolCalls, call)
  }
}

/** Calls come in pieces under their index; a server that leaves it out sends whole calls. */
function addToCalls(calls: Record<string, Json>[], { index, ...piece }: JsonObject): void {
  const place = typeof index === 'number' && index >= 0 && index <= calls.length ? index : calls.length
  calls[place] = join(calls[place] ?? {}, piece)
}

/** What is said once and repeated by some servers, so that it is not text to be strung together. */
const whole = new Set(['role', 'id', 'type', 'name'])

/** Strings and lists go on where they were, objects go deeper, anything else is replaced. */
function join(before: Readonly<Record<string, Json>>, piece: JsonObject): Record<string, Json> {
  const joined = { ...before }
  for (const [name, value] of Object.entries(piece)) {
    const known = Object.hasOwn(joined, name) ? joined[name] : undefined
    if (value === null && known !== undefined) continue
    if (typeof known === 'string' && typeof value === 'string') {
      joined[name] = whole.has(name) ? value || known : known + value
    } else if (Array.isArray(known) && Array.isArray(value)) {
      joined[name] = [...(known as readonly Json[]), ...(value as readonly Json[])]
    } else if (isJsonObject(known) && isJsonObject(value)) joined[name] = join(known, value)
    else joined[name] = value
  }
  return joined
}

function finishChoice({ index, message, toolCalls, logprobs, finishReason }: Choice): JsonObject {
  return {
    index,
    message: toolCalls.length === 0 ? message : { ...message, tool_calls: toolCalls },
    logprobs,
    finish_reason: finishReason,
  }
}
