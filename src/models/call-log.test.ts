import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { ChatRequest, Reply } from '../core/chat-model.ts'
import { isJsonObject } from '../core/json.ts'
import { randomFaults, startProvider, type ProviderOptions } from '../../test/support/fault-provider.ts'
import { openStore } from '../store/sqlite-store.ts'
import { createBudget } from './budget.ts'
import { systemClock, type Clock } from './clock.ts'
import { loadPriceTable } from './prices.ts'
import { createConnections, openProviderModel } from './provider-model.ts'

const root = mkdtempSync(join(tmpdir(), 'potstill-calls-'))
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Waits a hundredth of what it is asked to, so that backing off takes no time. */
const hurriedClock: Clock = {
  now: () => systemClock.now() * 100,
  after: (ms, wake) => systemClock.after(ms / 100, wake),
}

async function serve(options: ProviderOptions) {
  const provider = await startProvider(options)
  closers.push(provider.close)
  return provider
}

let folders = 0
const newFolder = (): string => join(root, `data-${folders++}`)

interface Opening {
  readonly folder?: string
  readonly run?: string
  readonly limitUsd?: number
  readonly clock?: Clock
}

/** As a process would: store, connections and model. */
async function open(
  baseUrl: string,
  { folder = newFolder(), run = 'run', limitUsd, clock = hurriedClock }: Opening = {},
) {
  const store = openStore(folder)
  const connections = createConnections({ env: {}, declared: { local: { baseUrl } }, clock })
  const budget = createBudget(limitUsd ?? null, await store.spentUsd(run))
  const prices = loadPriceTable({ 'local/m': { input: 1, output: 2 } })
  const model = openProviderModel({ model: 'local/m', connections, store, run, budget, prices })
  const close = async (): Promise<void> => {
    await connections.close()
    await store.close()
  }
  closers.push(close)
  return { model, store, budget, connections, close, folder }
}

const ask = (content: string, rest: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: 'user', content }],
  ...rest,
})
const questions = (count: number): ChatRequest[] =>
  Array.from({ length: count }, (_, i) => ask(`question ${i}`))
/** 100 prompt tokens at $1 and 10 completion tokens at $2 per million. */
const priceUsd = 0.00012

describe('a model behind the call log', () => {
  it('answers with usage, price, latency and the key that the reply is logged under', async () => {
    const { baseUrl } = await serve({ latencyMs: 5 })
    const { model, store } = await open(baseUrl)
    const reply = await model.complete(ask('hello'))
    expect(reply).toMatchObject({
      content: 'hello',
      finishReason: 'stop',
      usage: { promptTokens: 100, cachedPromptTokens: 0, completionTokens: 10 },
      cached: false,
      raw: { object: 'chat.completion' },
    })
    expect(reply.priceUsd).toBeCloseTo(priceUsd, 12)
    const call = await store.findCall(reply.callKey ?? '')
    expect(call).toMatchObject({
      model: 'local/m',
      run: 'run',
      status: 200,
      latencyMs: reply.latencyMs,
      provider: baseUrl,
    })
    expect(JSON.parse(call?.response ?? '')).toEqual(reply.raw)
    expect(JSON.parse(call?.request ?? '')).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'hello' }],
    })
  })

  it('never sends a request again whose reply is logged, and keeps its latency and price', async () => {
    const provider = await serve({ latencyMs: 5 })
    const first = await open(provider.baseUrl)
    const paid = await first.model.complete(ask('hello'))
    await first.close()
    const second = await open(provider.baseUrl, { folder: first.folder, run: 'another' })
    expect(await second.model.complete(ask('hello'))).toEqual({ ...paid, cached: true })
    expect(provider.counts().requests).toBe(1)
    expect(second.budget.spentUsd()).toBe(0)
  })

  it.each([
    ['text', ask('hellO')],
    ['temperature', ask('hello', { temperature: 0.5 })],
    ['repeat', ask('hello', { repeat: 1 })],
  ])('takes another %s for another request', async (_, other) => {
    const provider = await serve({})
    const { model } = await open(provider.baseUrl)
    await model.complete(ask('hello'))
    expect(await model.complete(other)).toMatchObject({ cached: false })
    expect(provider.counts().requests).toBe(2)
  })

  it('joins requests that are alike while they are under way', async () => {
    const provider = await serve({ latencyMs: 30 })
    const { model, budget } = await open(provider.baseUrl)
    const replies = await Promise.all(Array.from({ length: 10 }, () => model.complete(ask('hello'))))
    expect(provider.counts().requests).toBe(1)
    expect(replies.filter(({ cached }) => cached === false)).toHaveLength(1)
    expect(budget.spentUsd()).toBeCloseTo(priceUsd, 12)
  })

  it.each(['bad_json', 'half_body', 'empty_choices', 'null_content'] as const)(
    'asks once more after %s, and both replies are logged',
    async (fault) => {
      const provider = await serve({ fault: ({ attempt }) => (attempt === 0 ? fault : undefined) })
      const { model, folder, close } = await open(provider.baseUrl)
      expect(await model.complete(ask('hello'))).toMatchObject({ content: 'hello' })
      await close()
      const again = await open(provider.baseUrl, { folder })
      expect(await again.model.complete(ask('hello'))).toMatchObject({ content: 'hello', cached: true })
      expect(provider.counts().requests).toBe(2)
    },
  )

  it('pays for two replies without an answer, and never again', async () => {
    const provider = await serve({ fault: () => 'empty_choices' })
    const first = await open(provider.baseUrl)
    const failure = { code: 'MODEL_REPLY_INVALID', message: expect.stringContaining('choices is empty') }
    await expect(first.model.complete(ask('hello'))).rejects.toMatchObject(failure)
    expect(first.budget.spentUsd()).toBeCloseTo(2 * priceUsd, 12)
    await first.close()
    const second = await open(provider.baseUrl, { folder: first.folder })
    await expect(second.model.complete(ask('hello'))).rejects.toMatchObject(failure)
    expect(provider.counts().requests).toBe(2)
  })

  it('goes on with the second reply when it was stopped after the first', async () => {
    const provider = await serve({
      fault: ({ index }) => (index === 0 ? 'bad_json' : index < 8 ? 'cut_before_headers' : undefined),
    })
    const first = await open(provider.baseUrl)
    await expect(first.model.complete(ask('hello'))).rejects.toMatchObject({ code: 'MODEL_CALL_FAILED' })
    await first.close()
    const second = await open(provider.baseUrl, { folder: first.folder })
    expect(await second.model.complete(ask('hello'))).toMatchObject({ content: 'hello', cached: false })
    // One without an answer, six cut, then one cut and one answered.
    expect(provider.counts().requests).toBe(9)
  })

  it('gives every call a reply or a typed error whatever breaks, with counts that agree on both sides', async () => {
    const faults =
      'rate_limit:0.05,rate_limit_retry_after:0.05,server_error:0.08,unavailable:0.03,cut_before_headers:0.05,' +
      'cut_in_body:0.05,half_body:0.04,bad_json:0.04,empty_choices:0.04,null_content:0.03,slow_first_byte:0.02'
    const provider = await serve({ latencyMs: 2, fault: randomFaults(faults, 5) })
    const { model, connections, store, folder, close } = await open(provider.baseUrl)
    const results = await Promise.allSettled(questions(300).map((question) => model.complete(question)))
    const failed = results.flatMap((result) =>
      result.status === 'rejected' ? [String(result.reason.code)] : [],
    )
    expect(failed.filter((code) => !/^MODEL_(REPLY_INVALID|CALL_FAILED)$/.test(code))).toEqual([])
    expect(results.length - failed.length).toBeGreaterThan(270)
    const stats = connections.stats().local
    const counts = provider.counts()
    expect(stats).toMatchObject({ sent: counts.requests, underWay: 0, waiting: 0 })
    expect(stats.rateLimited).toBe(
      (counts.faults.rate_limit ?? 0) + (counts.faults.rate_limit_retry_after ?? 0),
    )
    // Of the requests that were given up, those stay noted of which a reply may have been lost on the way.
    const givenUp = failed.filter((code) => code === 'MODEL_CALL_FAILED').length
    expect((await store.unfinishedCalls('run')).length).toBeLessThanOrEqual(givenUp)
    await close()
    const again = await open(provider.baseUrl, { folder })
    const before = provider.counts().requests
    const answered = questions(300).filter((_, i) => results[i].status === 'fulfilled')
    await Promise.all(answered.map((question) => again.model.complete(question)))
    expect(provider.counts().requests).toBe(before)
  })

  it('does not log what it was refused, and forgets that it was asked', async () => {
    const provider = await serve({ fault: () => ({ status: 400, body: '{"error":{"message":"too long"}}' }) })
    const { model, store, budget } = await open(provider.baseUrl)
    await expect(model.complete(ask('hello'))).rejects.toMatchObject({ code: 'MODEL_REQUEST_REFUSED' })
    expect(await store.unfinishedCalls('run')).toEqual([])
    expect(budget.spentUsd()).toBe(0)
  })

  it('remembers a request whose reply was lost', async () => {
    const provider = await serve({ fault: () => 'cut_in_body' })
    const { model, store } = await open(provider.baseUrl)
    await expect(model.complete(ask('hello'))).rejects.toMatchObject({ code: 'MODEL_CALL_FAILED' })
    expect(await store.unfinishedCalls('run')).toHaveLength(1)
  })

  it('stops at the budget, and a run that goes on counts what it spent before', async () => {
    const provider = await serve({ latencyMs: 2 })
    const first = await open(provider.baseUrl, { limitUsd: 20 * priceUsd })
    const results = await Promise.allSettled(questions(100).map((question) => first.model.complete(question)))
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
    expect(new Set(failures)).toEqual(new Set(['BUDGET_EXCEEDED']))
    expect(first.budget.spentUsd()).toBeLessThanOrEqual(20 * priceUsd + 1e-9)
    expect(100 - failures.length).toBeGreaterThan(10)
    await first.close()
    const second = await open(provider.baseUrl, { folder: first.folder, limitUsd: 20 * priceUsd })
    await expect(second.model.complete(ask('new'))).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
    expect(await second.model.complete(ask('question 0'))).toMatchObject({ cached: true })
  })

  it('reads a refusal, a schema and log-probabilities through to the reply', async () => {
    const message = { role: 'assistant', content: '{"a":null}', refusal: 'no' }
    const logprobs = { content: [{ token: 'x', logprob: -1, top_logprobs: [] }] }
    const body = JSON.stringify({ choices: [{ message, logprobs, finish_reason: 'stop' }] })
    const { baseUrl } = await serve({ fault: () => ({ status: 200, body }) })
    const { model, budget } = await open(baseUrl)
    const schema = { type: 'object', properties: { a: { type: 'string' } } }
    expect(await model.complete(ask('hello', { schema, logprobs: true }))).toMatchObject({
      content: '{}',
      refusal: 'no',
      logprobs: [{ token: 'x', logprob: -1, alternatives: [] }],
      usage: null,
      priceUsd: null,
    })
    // Without usage nothing better is known than the estimate.
    expect(budget.spentUsd()).toBeGreaterThan(0)
  })

  it('lets replies under way arrive when it is interrupted, and ends what waits', async () => {
    const provider = await serve({ latencyMs: 60 })
    const { model, folder, close } = await open(provider.baseUrl, { clock: systemClock })
    const controller = new AbortController()
    const replies = Promise.allSettled(
      questions(20).map((question) => model.complete(question, controller.signal)),
    )
    while (provider.counts().requests < 8) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort()
    const kept = (await replies).flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(kept).toHaveLength(8)
    await close()
    const again = await open(provider.baseUrl, { folder })
    const all = await Promise.all(questions(20).map((question) => again.model.complete(question)))
    expect(all.filter(({ cached }) => cached === true)).toHaveLength(8)
    expect(provider.counts().requests).toBe(20)
  })

  it('shares one signal among many requests without a warning from Node', async () => {
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    const provider = await serve({ latencyMs: 20 })
    const { model } = await open(provider.baseUrl)
    const { signal } = new AbortController()
    await Promise.all(questions(100).map((question) => model.complete(question, signal)))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', note)
    expect(provider.counts().mostAtOnce).toBeGreaterThan(11)
    expect(warnings).toEqual([])
  })

  it('cuts what does not arrive after an interruption', async () => {
    const provider = await serve({ latencyMs: 60_000 })
    const { model, store } = await open(provider.baseUrl)
    const controller = new AbortController()
    const reply = model.complete(ask('hello'), controller.signal)
    while (provider.counts().requests < 1) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort()
    await expect(reply).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(await store.unfinishedCalls('run')).toHaveLength(1)
  })

  it('asks anew when only the one it joined was interrupted', async () => {
    const provider = await serve({ latencyMs: 30, limit: 1 })
    const { model } = await open(provider.baseUrl)
    const controller = new AbortController()
    const interrupted = model.complete(ask('hello'), AbortSignal.abort())
    const joined: Promise<Reply> = model.complete(ask('hello'), controller.signal)
    await expect(interrupted).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(await joined).toMatchObject({ content: 'hello' })
  })

  it('stores no key', async () => {
    const provider = await serve({ answer: ({ headers }) => String(headers.authorization) })
    const store = openStore(newFolder())
    closers.push(() => store.close())
    const declared = { local: { baseUrl: provider.baseUrl, keyEnv: 'LOCAL_KEY' } }
    const connections = createConnections({ env: { LOCAL_KEY: 'top-secret' }, declared })
    closers.push(() => connections.close())
    const budget = createBudget(null, 0)
    const model = openProviderModel({
      model: 'local/m',
      connections,
      store,
      run: 'run',
      budget,
      prices: loadPriceTable(),
    })
    const reply = await model.complete(ask('hello'))
    const call = await store.findCall(reply.callKey ?? '')
    expect(JSON.stringify([reply, call])).not.toContain('top-secret')
    expect(isJsonObject(reply.raw)).toBe(true)
  })
})
