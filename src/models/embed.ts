/** Vectors of texts from an OpenAI-compatible endpoint, behind the call log, the budget and the provider's scheduler. */
import { createHash } from 'node:crypto'
import { PotstillError } from '../core/errors.ts'
import { isJsonObject, type Json } from '../core/json.ts'
import type { LoggedCall, Store } from '../core/store.ts'
import type { Budget } from './budget.ts'
import { parseBody } from './chat-reply.ts'
import { createChatClient, type ChatClient } from './openai-client.ts'
import { findPrice, priceOf, type Price, type PriceTable } from './prices.ts'
import type { Connections } from './provider-model.ts'
import { resolveProvider, type Provider } from './providers.ts'

export interface EmbedderOptions {
  readonly connections: Connections
  readonly store: Store
  readonly budget: Budget
  readonly prices: PriceTable
}

export interface Embedder {
  /**
   * One vector a text, in their order, paid by `run`. The same texts are not paid for twice. @throws what a chat model throws;
   * MODEL_REPLY_INVALID where the reply holds no such vectors.
   */
  embed(
    model: string,
    texts: readonly string[],
    run: string,
    signal?: AbortSignal,
  ): Promise<readonly (readonly number[])[]>
  close(): Promise<void>
}

/** English text in JSON. */
const tokensPerByte = 1 / 3.5

export function createEmbedder(options: EmbedderOptions): Embedder {
  const clients = new Map<string, ChatClient>()
  const clientOf = (provider: Provider): ChatClient => {
    const client = clients.get(provider.name) ?? createChatClient(provider, '/embeddings')
    clients.set(provider.name, client)
    return client
  }
  return {
    async embed(id, texts, run, signal) {
      const { provider, model } = resolveProvider(id, options.connections.sources)
      const body = JSON.stringify({ model, input: texts, encoding_format: 'float' })
      const key = createHash('sha256').update(`${provider.baseUrl}\nembeddings\n${body}`).digest('hex')
      const logged = await options.store.findCall(key)
      const call =
        logged ?? (await pay(options, clientOf(provider), provider, { id, key, body, run }, signal))
      const vectors = readVectors(parseBody(call.response), texts.length)
      if (vectors !== null) return vectors
      throw new PotstillError('MODEL_REPLY_INVALID', `${id} gave no vectors for ${texts.length} texts`, {
        hint: `The raw reply is in the call log under ${key}.`,
      })
    },
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()))
    },
  }
}

interface Question {
  readonly id: string
  readonly key: string
  readonly body: string
  readonly run: string
}

async function pay(
  { connections, store, budget, prices }: EmbedderOptions,
  client: ChatClient,
  provider: Provider,
  { id, key, body, run }: Question,
  signal: AbortSignal | undefined,
): Promise<LoggedCall> {
  const price = findPrice(prices, id)
  const tokens = Math.ceil(body.length * tokensPerByte)
  const reservation = await budget.reserve(price === null ? 0 : costOf(price, tokens))
  let costUsd = 0
  try {
    return await connections.to(provider).scheduler.run(
      async () => {
        const outcome = await client.post(Buffer.from(body), signal)
        if (!('ok' in outcome)) return outcome
        const { status, text, latencyMs } = outcome.ok
        const used = tokensOf(parseBody(text)) ?? tokens
        costUsd = price === null ? 0 : costOf(price, used)
        const call: LoggedCall = {
          key,
          provider: provider.baseUrl,
          model: id,
          run,
          request: body,
          status,
          response: text,
          latencyMs,
          priceUsd: price === null ? null : costUsd,
          finishedAtMs: Date.now(),
        }
        await store.commitCall(call)
        return { ok: call, pauseMs: outcome.pauseMs, tokens: used }
      },
      { tokens, signal },
    )
  } finally {
    reservation.settle(costUsd)
  }
}

function costOf(price: Price, promptTokens: number): number {
  return priceOf(price, { promptTokens, cachedPromptTokens: 0, completionTokens: 0 })
}

function tokensOf(body: Json | undefined): number | undefined {
  const usage = isJsonObject(body) ? body.usage : undefined
  const count = isJsonObject(usage) ? (usage.total_tokens ?? usage.prompt_tokens) : undefined
  return typeof count === 'number' && Number.isFinite(count) ? count : undefined
}

/** In the order of their `index`; null unless there is one of equal length for each text. */
function readVectors(body: Json | undefined, count: number): readonly (readonly number[])[] | null {
  const data = isJsonObject(body) && Array.isArray(body.data) ? (body.data as readonly Json[]) : []
  const vectors: (readonly number[])[] = []
  for (const [place, entry] of data.entries()) {
    const vector = isJsonObject(entry) ? entry.embedding : undefined
    if (!isJsonObject(entry) || !isVector(vector)) return null
    vectors[typeof entry.index === 'number' ? entry.index : place] = vector
  }
  const whole = vectors.length === count && Array.from(vectors, (vector) => vector?.length).every(Boolean)
  return whole && vectors.every(({ length }) => length === vectors[0].length) ? vectors : null
}

function isVector(value: Json | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((number: Json) => typeof number === 'number')
}
