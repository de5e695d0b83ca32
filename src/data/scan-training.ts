/** A first look through a training file: its system prompts, and the chat lines that hold more than text. */
import { createReadStream } from 'node:fs'
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts'
import { decodeText } from './decode-text.ts'
import { readRecords, type RecordOptions } from './read-records.ts'
import { splitLines } from './split-lines.ts'

export interface TrainingScan {
  readonly records: number
  /** System prompt to number of records, the most frequent first; "" where there is none. */
  readonly prompts: readonly (readonly [prompt: string, records: number])[]
  /** Lines of records with tool calls, images or audio: legal, but a student learns text. */
  readonly moreThanText: ReadonlySet<number>
}

/** @throws DATA_NOT_FOUND, DATA_INVALID with file and line, DATA_EMPTY. */
export async function scanTraining(file: string, options: RecordOptions = {}): Promise<TrainingScan> {
  const prompts = new Map<string, number>()
  const moreThanText = new Set<number>()
  let records = 0
  for await (const { value, line } of readRecords(file, options)) {
    records++
    const messages = messagesOf(value)
    if (messages.some((message) => !isText(message))) moreThanText.add(line)
    const prompt = systemPrompt(messages)
    prompts.set(prompt, (prompts.get(prompt) ?? 0) + 1)
  }
  return { records, prompts: [...prompts].sort((a, b) => b[1] - a[1]), moreThanText }
}

/** The bytes of a JSONL file with these lines empty, so that all others keep their numbers. */
export async function* withoutLines(
  file: string,
  lines: ReadonlySet<number>,
  shownAs: string,
): AsyncGenerator<Uint8Array> {
  const text = decodeText(createReadStream(file) as AsyncIterable<Uint8Array>, shownAs)
  for await (const line of splitLines(text, shownAs, Infinity)) {
    yield Buffer.from(lines.has(line.number) ? '\n' : `${line.text}\n`)
  }
}

/** Those that are asked with, and the answers of a preference line. */
function messagesOf(value: JsonObject): readonly JsonObject[] {
  const input = isJsonObject(value.input) ? value.input.messages : undefined
  return [value.messages, input].flatMap((list) =>
    Array.isArray(list) ? (list as readonly Json[]).filter(isJsonObject) : [],
  )
}

function isText({ role, content, tool_calls: calls, function_call: call }: JsonObject): boolean {
  if (role === 'tool' || role === 'function' || (calls ?? call ?? null) !== null) return false
  if (!Array.isArray(content)) return true
  return (content as readonly Json[]).every((part) => !isJsonObject(part) || isTextPart(part))
}

function isTextPart({ type, text }: JsonObject): boolean {
  return typeof text === 'string' && (type === undefined || type === 'text')
}

/** The system messages of a conversation as one text; "" where there is none. */
export function systemPrompt(messages: readonly Json[]): string {
  return messages
    .filter(isJsonObject)
    .filter(({ role }) => role === 'system' || role === 'developer')
    .map(({ content }) => textOfContent(content))
    .join('\n\n')
}

function textOfContent(content: Json | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return (content as readonly Json[])
    .map((part) => (isJsonObject(part) && typeof part.text === 'string' ? part.text : ''))
    .join('')
}
