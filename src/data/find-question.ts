/** Where a record's input stands: under the named field, under a usual name, or in chat messages. */
import type { Turn } from '../core/row.ts'
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts'
import type { Task } from '../core/task.ts'
import { readConversation, textOf, type Exchange } from './conversation.ts'
import { dataFault, show, showKeys, type Place } from './fault.ts'

export interface QuestionOptions {
  /** The field that holds the input. */
  readonly inputField: string
  /** Shown to the model before the input, as `name=value` lines. */
  readonly contextFields?: readonly string[]
  /** Expected answers are checked against it; absent while the output is still to be inferred. */
  readonly task?: Task
}

export interface Question {
  /** The key under which the input stood; null for chat messages. */
  readonly key: string | null
  readonly history: readonly Turn[]
  readonly input: string
  readonly answer?: string
}

export function findQuestion(value: JsonObject, options: QuestionOptions, place: Place): Question {
  const key = inputKey(value, options)
  if (key !== null) {
    const input = value[key]
    if (typeof input !== 'string') {
      throw dataFault(
        place,
        `${key} must be text, got ${show(input)}`,
        'Put the input between double quotes.',
      )
    }
    if (input.trim() === '' && (options.contextFields ?? []).length === 0) {
      throw dataFault(place, `${key} is empty`, 'Give the row an input, or remove it.')
    }
    return { key, history: [], input }
  }
  if (Object.hasOwn(value, 'messages')) return { key: null, ...readConversation(value.messages, place) }
  if (isPreference(value)) return { key: null, ...readPreference(value, place) }
  const hint = `Set task.input to the field that holds the input; there are: ${showKeys(Object.keys(value))}.`
  throw dataFault(place, `no field ${show(options.inputField)}`, hint)
}

/** The named field; "prompt" beside "completion"; "input"; for the default name also the usual others. */
function inputKey(value: JsonObject, { inputField, task }: QuestionOptions): string | null {
  if (isPreference(value)) return null
  if (Object.hasOwn(value, inputField)) return inputField
  if (isChat(value)) return null
  if (Object.hasOwn(value, 'prompt') && Object.hasOwn(value, 'completion')) return 'prompt'
  const outputs = new Set(task?.fields.map(({ path, segments }) => segments[0] ?? path))
  const others = inputField === 'input' ? ['prompt', 'text', 'message'] : ['input']
  return others.find((name) => Object.hasOwn(value, name) && !outputs.has(name)) ?? null
}

export function isChat(value: JsonObject): boolean {
  return Object.hasOwn(value, 'messages') || isPreference(value)
}

/** Older exports say completion where newer ones say output. */
const preferredKeys = ['preferred_output', 'preferred_completion'] as const

function isPreference(value: JsonObject): boolean {
  return isJsonObject(value.input) && preferredKeys.some((key) => Object.hasOwn(value, key))
}

/** The preferred of two answers is the expected one. */
function readPreference(value: JsonObject, place: Place): Exchange {
  const question = readConversation((value.input as JsonObject).messages, place)
  const key = preferredKeys.find((name) => Object.hasOwn(value, name)) ?? preferredKeys[0]
  const output = value[key]
  const last = Array.isArray(output) ? (output.at(-1) as Json | undefined) : undefined
  if (!isJsonObject(last)) {
    throw dataFault(
      place,
      `${key} must be a list of messages, got ${show(output)}`,
      'See the format of OpenAI preference files.',
    )
  }
  return { ...question, answer: textOf(last.content, `${key}.content`, place) }
}
