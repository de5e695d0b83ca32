/** A model whose answers were recorded before: a JSONL file of `{input, answer, pricedAs?}`, found by the input. */
import { lastUserMessage, type ChatModel, type ChatRequest, type Reply } from '../core/chat-model.ts'
import { PotstillError } from '../core/errors.ts'
import { canonicalJson, type Json } from '../core/json.ts'
import { rowKey } from '../core/row.ts'
import type { RawRecord } from '../data/raw-record.ts'
import { readRecords } from '../data/read-records.ts'
import { loadTokenCounter, type TokenCounter } from './count-tokens.ts'
import { describePrice, findPrice, priceOf, type PriceTable } from './prices.ts'

export interface RecordedModelOptions {
  /** The model is "recorded/<name>". */
  readonly name: string
  readonly file: string
  /** What messages call the file; its path by default. */
  readonly shownAs?: string
  readonly prices: PriceTable
}

/** Answers by row key. Only answers are held, not inputs. */
type Records = Map<string, { readonly content: string; readonly pricedAs?: string; readonly line: number }>

/**
 * Reads all records. `complete` throws RECORD_MISSING for an input without a record. Throws DATA_NOT_FOUND,
 * DATA_EMPTY, and DATA_INVALID naming the line, or both lines where one input has two answers.
 */
export async function openRecordedModel({
  name,
  file,
  shownAs = file,
  prices,
}: RecordedModelOptions): Promise<ChatModel> {
  const records = await readAnswers(file, shownAs)
  const pricedAs = [...new Set([...records.values()].flatMap((record) => record.pricedAs ?? []))]
  const priced = pricedAs.some((model) => findPrice(prices, model) !== null)
  const counter = priced ? await loadTokenCounter() : null
  return {
    id: `recorded/${name}`,
    source: 'recorded',
    priceBasis: describeBasis(pricedAs, prices),
    async complete(request) {
      const input = lastUserMessage(request)
      const record = records.get(rowKey(input))
      if (record === undefined) throw missing(shownAs, input)
      return toReply(request, record.content, counter, record.pricedAs, prices)
    },
  }
}

async function readAnswers(file: string, shownAs: string): Promise<Records> {
  const records: Records = new Map()
  for await (const record of readRecords(file, { shownAs })) addRecord(records, record, shownAs)
  return records
}

function addRecord(records: Records, { line, value }: RawRecord, file: string): void {
  const { input, answer, pricedAs } = value
  const refuse = (fault: string): never => {
    throw new PotstillError('DATA_INVALID', `${file}:${line}: ${fault}`, {
      hint: 'A line of a recorded model is {"input": "...", "answer": ..., "pricedAs": "provider/model"}.',
    })
  }
  if (typeof input !== 'string') return refuse('a record needs an "input" that is text')
  if (answer === undefined) return refuse('a record needs an "answer"')
  if (pricedAs !== undefined && pricedAs !== null && typeof pricedAs !== 'string') {
    return refuse('"pricedAs" must be the name of a model')
  }
  const key = rowKey(input)
  const content = typeof answer === 'string' ? answer : JSON.stringify(answer)
  const known = records.get(key)
  if (known === undefined) records.set(key, { content, line, ...(pricedAs ? { pricedAs } : {}) })
  else if (!sameAnswer(known.content, content)) {
    refuse(`the input of line ${known.line} again, with another answer`)
  }
}

/** The order of keys makes no other answer. */
function sameAnswer(first: string, second: string): boolean {
  if (first === second) return true
  try {
    return canonicalJson(JSON.parse(first) as Json) === canonicalJson(JSON.parse(second) as Json)
  } catch {
    return false
  }
}

function missing(file: string, input: string): PotstillError {
  const start = JSON.stringify(input.length > 80 ? `${input.slice(0, 80)}…` : input)
  return new PotstillError('RECORD_MISSING', `${file} holds no answer to ${start}`)
}

/** Answered before, so there is no latency; priced as if the named model had answered, nothing of it cached. */
function toReply(
  request: ChatRequest,
  content: string,
  counter: TokenCounter | null,
  pricedAs: string | undefined,
  prices: PriceTable,
): Reply {
  const price = pricedAs === undefined ? null : findPrice(prices, pricedAs)
  const usage =
    counter === null || price === null
      ? null
      : {
          promptTokens: counter.ofRequest(request),
          cachedPromptTokens: 0,
          completionTokens: counter.ofText(content),
        }
  return {
    content,
    finishReason: 'stop',
    usage,
    latencyMs: null,
    priceUsd: price === null || usage === null ? null : priceOf(price, usage),
    raw: null,
  }
}

function describeBasis(pricedAs: readonly string[], prices: PriceTable): string {
  if (pricedAs.length === 0) return 'recorded answers without a price'
  const each = pricedAs.map((model) => `${model} at ${describePrice(prices, model)}`)
  return `as if answered by ${each.join(', ')}, tokens counted with o200k_base`
}
