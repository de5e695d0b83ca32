/** Captured traffic as rows with the answers they got: what can be learned from, and why the rest is left out. */
import type { Message, Reply } from '../core/chat-model.ts'
import { messageOf, PotstillError } from '../core/errors.ts'
import { hashJson } from '../core/hash.ts'
import { inferOutput } from '../core/infer-schema.ts'
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts'
import { rowKey, type Row } from '../core/row.ts'
import type { Capture, CaptureFilter, CaptureStore } from '../core/store.ts'
import type { TaskOutput } from '../core/task.ts'
import { readConversation } from '../data/conversation.ts'
import { systemPrompt } from '../data/scan-training.ts'
import { parseBody, readReply, readUsage } from '../models/chat-reply.ts'

export interface CapturedExchange {
  readonly row: Row
  readonly reply: Reply
  /** "openai/gpt-6-sol" */
  readonly answeredBy: string
  /** The system message of the request; "" for none. */
  readonly prompt: string
  /** The JSON Schema that the answer was held to, or null. */
  readonly schema: JsonObject | null
}

/** In words, for people: "answered by a student". */
export type LeftOut = (reason: string) => void

const source = 'captured traffic'
const pageSize = 500

/** The newest first; of equal inputs only the newest. @throws STORE_UNAVAILABLE. */
export async function* readExchanges(
  store: CaptureStore,
  filter: CaptureFilter,
  options: { readonly leftOut: LeftOut; readonly group?: string },
): AsyncGenerator<CapturedExchange, void> {
  const known = new Set<string>()
  let after: string | undefined
  let place = 0
  for (;;) {
    const page = { limit: pageSize, order: 'desc', ...(after === undefined ? {} : { after }) } as const
    const captures = await store.listCaptures(filter, page)
    if (captures.length === 0) return
    after = captures[captures.length - 1].id
    for (const capture of captures) {
      const exchange = toExchange(capture, ++place, options.group)
      if (typeof exchange === 'string') options.leftOut(exchange)
      else if (known.has(exchange.row.key)) options.leftOut('the same input, asked again later')
      else {
        known.add(exchange.row.key)
        yield exchange
      }
    }
  }
}

/** A reason where nothing can be learned from it. */
function toExchange(capture: Capture, place: number, group: string | undefined): CapturedExchange | string {
  // A student that learns from students only copies their mistakes.
  if (capture.answeredBy.startsWith('student/')) return 'answered by a student'
  const request = parseBody(capture.request)
  const body = parseBody(capture.response)
  if (!isJsonObject(request)) return 'not readable'
  const answer = readReply(body)
  if ('fault' in answer) return 'without text as answer'
  if (answer.refusal !== undefined) return 'refused'
  const { finishReason } = answer
  if (finishReason === 'length' || finishReason === 'content_filter') return 'cut short'
  const callsTools = finishReason === 'tool_calls' || finishReason === 'function_call'
  if (callsTools || answer.content === '') return 'without text as answer'
  const row = toRow(capture, request, place, group)
  if (typeof row === 'string') return row
  const reply: Reply = {
    content: answer.content,
    finishReason: answer.finishReason,
    usage: readUsage(body),
    latencyMs: capture.latencyMs,
    priceUsd: capture.priceUsd,
    cached: true,
    raw: null,
  }
  const prompt = systemPrompt(request.messages as readonly Json[])
  return { row, reply, answeredBy: capture.answeredBy, prompt, schema: schemaOf(request) }
}

function toRow(
  { id, metadata }: Capture,
  request: JsonObject,
  line: number,
  groupKey: string | undefined,
): Row | string {
  const place = { file: source, line }
  try {
    const { history: turns, input, answer } = readConversation(request.messages, place)
    // Earlier answers were captured by themselves: they are rows of their own.
    const history = turns.map(({ role, content }) => ({ role, content }))
    if (answer !== undefined) return 'not a question: the last message is an answer'
    const key = rowKey(input, history)
    const named = groupKey === undefined ? undefined : metadata[groupKey]
    const group = named ?? (history.length === 0 ? key : rowKey(history[0].content))
    return { id, key, input, ...(history.length === 0 ? {} : { history }), group, source: place }
  } catch (error) {
    if (error instanceof PotstillError) return 'with tool calls, images or audio'
    throw new Error(`captured traffic: ${messageOf(error)}`, { cause: error })
  }
}

/** Of `response_format`. */
function schemaOf(request: JsonObject): JsonObject | null {
  const format = request.response_format
  const wrapped = isJsonObject(format) ? format.json_schema : undefined
  const schema = isJsonObject(wrapped) ? wrapped.schema : undefined
  return isJsonObject(schema) ? schema : null
}

/** What the answers were held to, where it was one and the same; else null. */
export function commonOutput(schemas: readonly (JsonObject | null)[]): TaskOutput | null {
  const [first] = schemas
  if (first === undefined || first === null) return null
  const hash = hashJson(first)
  const isSame = schemas.every((schema) => schema !== null && (schema === first || hashJson(schema) === hash))
  return isSame ? { kind: 'json', schema: first } : null
}

/** JSON where nearly all answers are objects; else labels or text. */
export function inferCapturedOutput(answers: readonly string[], inputs: readonly string[]): TaskOutput {
  const parsed = answers.map(parseBody)
  const objects = parsed.flatMap((value, index) => (isJsonObject(value) ? [{ value, index }] : []))
  if (objects.length < 0.95 * answers.length) return inferOutput(answers, inputs)
  return inferOutput(
    objects.map(({ value }) => value),
    objects.map(({ index }) => inputs[index]),
  )
}

export interface CapturedRows {
  readonly rows: readonly Row[]
  /** By row key. */
  readonly replies: ReadonlyMap<string, Reply>
  readonly output: TaskOutput
  /** Who gave most of the answers. */
  readonly answeredBy: string
  /** The system message that most of the requests had; "" for none. */
  readonly prompt: string
  /** Number of requests that nothing can be learned from, by the reason. */
  readonly leftOut: ReadonlyMap<string, number>
  /** Over all rows and answers. */
  readonly hash: string
  /** In words, for the screen. */
  readonly summary: string
}

function mostFrequent(counts: ReadonlyMap<string, number>): string {
  return [...counts].sort((a, b) => b[1] - a[1])[0][0]
}

export interface CapturedOptions {
  /** The key of the metadata that says which rows belong together. */
  readonly group?: string
  /** At most so many rows, the newest. */
  readonly limit?: number
}

/** @throws DATA_EMPTY where the filter leaves nothing to learn from; STORE_UNAVAILABLE. */
export async function readCapturedRows(
  store: CaptureStore,
  filter: CaptureFilter,
  { group, limit = Infinity }: CapturedOptions = {},
): Promise<CapturedRows> {
  const leftOut = new Map<string, number>()
  const by = new Map<string, number>()
  const prompts = new Map<string, number>()
  const found: Pick<CapturedExchange, 'row' | 'reply' | 'schema'>[] = []
  const count = (counts: Map<string, number>, name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const options = {
    leftOut: (reason: string) => count(leftOut, reason),
    ...(group === undefined ? {} : { group }),
  }
  for await (const { row, reply, schema, answeredBy, prompt } of readExchanges(store, filter, options)) {
    count(by, answeredBy)
    count(prompts, prompt)
    found.push({ row, reply, schema })
    if (found.length >= limit) break
  }
  const without = describeCounts(leftOut)
  if (found.length === 0) {
    const text = without === '' ? 'no traffic was captured that is selected' : without
    throw new PotstillError('DATA_EMPTY', `captured traffic: ${text}`, {
      hint: 'Capture some with `potstill serve`, or select more of it.',
    })
  }
  const answers = found.map(({ reply }) => reply.content)
  return {
    rows: found.map(({ row }) => row),
    replies: new Map(found.map(({ row, reply }) => [row.key, reply])),
    output:
      commonOutput(found.map(({ schema }) => schema)) ??
      inferCapturedOutput(
        answers,
        found.map(({ row }) => row.input),
      ),
    answeredBy: mostFrequent(by),
    prompt: mostFrequent(prompts),
    leftOut,
    hash: hashJson(found.map(({ row, reply }) => [row.key, row.group, reply.content])),
    summary: `${found.length} captured rows, answered by ${describeCounts(by)}${without === '' ? '' : `; left out: ${without}`}`,
  }
}

/** "refused (3), cut short (1)" */
export function describeCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, number]) => `${name} (${number})`).join(', ')
}

/** The key of the row that a request asks about. */
export function askedKey(messages: readonly Message[]): string {
  const turns = messages.filter(({ role }) => role !== 'system')
  return rowKey(turns.at(-1)?.content ?? '', turns.slice(0, -1))
}
