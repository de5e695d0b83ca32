/** OpenAI's chat messages to one exchange: earlier turns, the last question, and its answer where there is one. */
import { isJsonObject, type Json } from '../core/json.ts'
import type { Turn } from '../core/row.ts'
import { dataFault, show, type Place } from './fault.ts'

export interface Exchange {
  readonly history: readonly Turn[]
  readonly input: string
  readonly answer?: string
}

interface ReadTurn {
  readonly role: 'user' | 'assistant'
  readonly content: string
  /** False where `weight` is 0: not to be learned from. */
  readonly taught: boolean
}

/**
 * The answer is the last assistant message that does not have `weight: 0`; the input is the user message
 * before it. Messages that end with the user have no answer. System messages are left out: what a student is
 * told is the task's prompt. @throws DATA_INVALID for anything but text.
 */
export function readConversation(messages: Json, place: Place): Exchange {
  if (!Array.isArray(messages)) {
    throw dataFault(place, `messages must be a list, got ${show(messages)}`, shapeHint)
  }
  const turns = messages.flatMap((message: Json, index) => readTurn(message, `messages[${index}]`, place))
  const asked = turns.findLastIndex(({ role }) => role === 'user')
  if (asked < 0) throw dataFault(place, 'messages has no user message', shapeHint)
  const answered = asked === turns.length - 1 ? -1 : turns.findLastIndex(isTaught)
  if (answered < 0) return exchange(turns, asked)
  if (turns[answered - 1]?.role !== 'user') {
    throw dataFault(place, 'the last assistant message does not follow a user message', shapeHint)
  }
  return { ...exchange(turns, answered - 1), answer: turns[answered].content }
}

/** The text of a message: a string, or a list of text parts. */
export function textOf(content: Json | undefined, name: string, place: Place): string {
  if (typeof content === 'string') return content
  if (Array.isArray(content)) {
    return content
      .map((part: Json, index) => {
        if (isJsonObject(part) && typeof part.text === 'string') return part.text
        throw dataFault(place, `${name}[${index}] must be text, got ${show(part)}`, textHint)
      })
      .join('')
  }
  throw dataFault(place, `${name} must be text, got ${show(content)}`, textHint)
}

const shapeHint =
  'Expected {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}.'
const textHint = 'Only text is read: leave out rows with images, audio or tool calls.'

function isTaught(turn: ReadTurn): boolean {
  return turn.role === 'assistant' && turn.taught
}

function exchange(turns: readonly ReadTurn[], asked: number): Exchange {
  const history = turns.slice(0, asked).map((turn) => ({
    role: turn.role,
    content: turn.content,
    ...(isTaught(turn) ? { weight: 1 as const } : {}),
  }))
  return { history, input: turns[asked].content }
}

function readTurn(message: Json, name: string, place: Place): ReadTurn[] {
  if (!isJsonObject(message))
    throw dataFault(place, `${name} must be an object, got ${show(message)}`, shapeHint)
  const { role, content, weight } = message
  if (role === 'system' || role === 'developer') return []
  if (role !== 'user' && role !== 'assistant') {
    throw dataFault(place, `${name}.role must be system, user or assistant, got ${show(role)}`, textHint)
  }
  return [{ role, content: textOf(content, `${name}.content`, place), taught: weight !== 0 }]
}
