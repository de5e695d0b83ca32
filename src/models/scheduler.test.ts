import { describe, expect, it } from 'vitest'
import { PotstillError } from '../core/errors.ts'
import { createRandom } from '../core/random.ts'
import { createFakeClock, type FakeClock } from '../../test/support/fake-clock.ts'
import type { Outcome, Retry } from './outcome.ts'
import { createScheduler, type SchedulerOptions } from './scheduler.ts'

function open(options: Partial<SchedulerOptions> = {}) {
  const clock = createFakeClock()
  const scheduler = createScheduler({
    name: 'stand-in',
    concurrency: 64,
    clock,
    random: createRandom(1),
    ...options,
  })
  return { clock, scheduler }
}

/** A provider with a latency; notes when each request was sent. */
function provider(
  clock: FakeClock,
  latencyMs: number,
  answer: (n: number) => Outcome<number> = (n) => ({ ok: n }),
) {
  const sentAt: number[] = []
  let underWay = 0
  let mostAtOnce = 0
  const send = (): Promise<Outcome<number>> => {
    const n = sentAt.push(clock.now()) - 1
    mostAtOnce = Math.max(mostAtOnce, ++underWay)
    return new Promise((resolve) => {
      clock.after(latencyMs, () => {
        underWay--
        resolve(answer(n))
      })
    })
  }
  return { send, sentAt, mostAtOnce: () => mostAtOnce }
}

const limited: Retry = {
  retry: 'rate_limit',
  message: 'stand-in answered 429',
  overloaded: true,
  lost: false,
}
const broken: Retry = { retry: 'server', message: 'stand-in answered 500', overloaded: false, lost: false }

describe('createScheduler', () => {
  it('begins with a few at once and doubles each round trip up to its limit', async () => {
    const { clock, scheduler } = open({ concurrency: 40 })
    const { send, sentAt, mostAtOnce } = provider(clock, 50)
    await clock.until(Promise.all(Array.from({ length: 200 }, () => scheduler.run(send))))
    const perRound = [0, 50, 100, 150, 200].map((at) => sentAt.filter((sent) => sent === at).length)
    expect(perRound).toEqual([8, 16, 32, 40, 40])
    expect(mostAtOnce()).toBe(40)
  })

  it('halves at most once a round trip, then grows by about one each round trip', async () => {
    const { clock, scheduler } = open({ initialConcurrency: 32 })
    let answered = 0
    const { send } = provider(clock, 50, () => (answered++ < 32 ? limited : { ok: 1 }))
    const all = Promise.all(Array.from({ length: 400 }, () => scheduler.run(send)))
    await clock.advance(50)
    expect(scheduler.stats()).toMatchObject({ limit: 16, rateLimited: 32 })
    await clock.advance(50)
    expect(scheduler.stats().limit).toBeLessThanOrEqual(17)
    await clock.advance(200)
    expect(scheduler.stats().limit).toBeGreaterThanOrEqual(19)
    expect(scheduler.stats().limit).toBeLessThanOrEqual(21)
    await clock.until(all)
  })

  it('finds the limit of a provider that bears 20 at once and keeps near it', async () => {
    const { clock, scheduler } = open({ concurrency: 200 })
    let underWay = 0
    const send = (): Promise<Outcome<number>> => {
      const fits = ++underWay <= 20
      return new Promise((resolve) => {
        clock.after(fits ? 50 : 5, () => {
          underWay--
          resolve(fits ? { ok: 1 } : limited)
        })
      })
    }
    await clock.until(Promise.all(Array.from({ length: 2000 }, () => scheduler.run(send))))
    expect(scheduler.stats()).toMatchObject({ ok: 2000, failed: 0 })
    expect(scheduler.stats().rateLimited).toBeLessThan(300)
    // The ideal is 2000 / 20 x 50 ms.
    expect(clock.now()).toBeLessThan(2 * 5000)
  })

  it('sends first what came first, and what is tried again before what was never sent', async () => {
    const { clock, scheduler } = open({ concurrency: 1 })
    const order: string[] = []
    const job = (name: string, outcomes: Outcome<string>[]) =>
      scheduler.run(async () => {
        order.push(name)
        return outcomes.shift() ?? { ok: name }
      })
    const wait = { ...limited, retryAfterMs: 100 }
    await clock.until(Promise.all([job('a', [wait]), job('b', []), job('c', [])]))
    expect(order).toEqual(['a', 'a', 'b', 'c'])
  })

  it('waits for Retry-After before the second attempt, and holds back all others meanwhile', async () => {
    const { clock, scheduler } = open({ initialConcurrency: 1 })
    const { send, sentAt } = provider(clock, 10, (n) =>
      n === 0 ? { ...limited, retryAfterMs: 3000 } : { ok: n },
    )
    await clock.until(Promise.all([scheduler.run(send), scheduler.run(send)]))
    expect(sentAt).toEqual([0, 3010, 3020])
  })

  it('pauses when the headers say that nothing is left', async () => {
    const { clock, scheduler } = open({ concurrency: 1 })
    const { send, sentAt } = provider(clock, 10, (n) => ({ ok: n, ...(n === 0 ? { pauseMs: 500 } : {}) }))
    await clock.until(Promise.all([scheduler.run(send), scheduler.run(send)]))
    expect(sentAt).toEqual([0, 510])
  })

  it('backs off by a random share of a doubling wait, holding no place meanwhile', async () => {
    const { clock, scheduler } = open({ concurrency: 1, random: { ...createRandom(1), next: () => 0.5 } })
    const first: number[] = []
    const failing = scheduler.run(async () => {
      first.push(clock.now())
      return first.length < 4 ? broken : { ok: 1 }
    })
    const { send, sentAt } = provider(clock, 10)
    await clock.until(Promise.all([failing, scheduler.run(send)]))
    expect(first).toEqual([0, 250, 750, 1750])
    expect(sentAt).toEqual([0])
  })

  it('gives up after six failures and says what the last one was', async () => {
    const { clock, scheduler } = open()
    const { send, sentAt } = provider(clock, 10, () => broken)
    await expect(clock.until(scheduler.run(send))).rejects.toMatchObject({
      code: 'MODEL_CALL_FAILED',
      message: 'stand-in answered 500 (tried 6 times)',
    })
    expect(sentAt).toHaveLength(6)
  })

  it('counts 429s apart from failures', async () => {
    const { clock, scheduler } = open()
    const { send } = provider(clock, 10, (n) => (n < 4 ? limited : n < 9 ? broken : { ok: 1 }))
    await clock.until(scheduler.run(send))
    expect(scheduler.stats()).toMatchObject({ sent: 10, ok: 1, rateLimited: 4, retried: 9, failed: 0 })
  })

  it('never sends a fatal request again', async () => {
    const { clock, scheduler } = open()
    const refusal = new PotstillError('MODEL_REQUEST_REFUSED', 'stand-in answered 400')
    const { send, sentAt } = provider(clock, 10, () => ({ fatal: refusal, stop: false }))
    await expect(clock.until(scheduler.run(send))).rejects.toBe(refusal)
    expect(sentAt).toHaveLength(1)
  })

  it('stops all at once where every request would end the same way', async () => {
    const { clock, scheduler } = open({ concurrency: 2 })
    const refusal = new PotstillError('MODEL_REQUEST_REFUSED', 'stand-in answered 401')
    const { send, sentAt } = provider(clock, 10, () => ({ fatal: refusal, stop: true }))
    const all = Promise.allSettled(Array.from({ length: 100 }, () => scheduler.run(send)))
    const reasons = (await clock.until(all)).map((result) => result.status === 'rejected' && result.reason)
    expect(new Set(reasons)).toEqual(new Set([refusal]))
    expect(sentAt).toHaveLength(2)
    await expect(scheduler.run(send)).rejects.toBe(refusal)
  })

  it('stops when the first ten requests are all refused, but not for refusals between answers', async () => {
    const refusal = new PotstillError('MODEL_REQUEST_REFUSED', 'stand-in answered 400')
    const outcomes = async (answer: (n: number) => Outcome<number>) => {
      const { clock, scheduler } = open({ concurrency: 1 })
      const { send, sentAt } = provider(clock, 10, answer)
      await clock.until(Promise.allSettled(Array.from({ length: 50 }, () => scheduler.run(send))))
      return sentAt.length
    }
    expect(await outcomes(() => ({ fatal: refusal, stop: false }))).toBe(10)
    expect(await outcomes((n) => (n === 0 ? { ok: n } : { fatal: refusal, stop: false }))).toBe(50)
  })

  it('breaks the circuit when nothing ever answers, and says so to all that wait', async () => {
    const { clock, scheduler } = open()
    const { send, sentAt } = provider(clock, 10, () => ({
      ...broken,
      retry: 'network',
      message: 'nothing answers there',
    }))
    const all = await clock.until(Promise.allSettled(Array.from({ length: 500 }, () => scheduler.run(send))))
    expect(
      all.every((result) => result.status === 'rejected' && result.reason.code === 'MODEL_UNAVAILABLE'),
    ).toBe(true)
    expect(all[499]).toMatchObject({
      reason: { message: expect.stringMatching(/times in a row over \d+ s, last: nothing/) },
    })
    expect(clock.now()).toBeLessThan(10_000)
    expect(sentAt.length).toBeLessThan(100)
    await clock.advance(60_000)
    expect(clock.waiting()).toBe(0)
  })

  it('sits out an outage of twenty seconds once it has seen answers, losing no request to it', async () => {
    const { clock, scheduler } = open()
    const isOut = () => clock.now() > 500 && clock.now() < 20_500
    const { send, sentAt } = provider(clock, 50, () => (isOut() ? broken : { ok: 1 }))
    await clock.until(Promise.all(Array.from({ length: 1000 }, () => scheduler.run(send))))
    expect(sentAt.filter((at) => at > 500 && at < 20_500).length).toBeLessThan(150)
    expect(clock.now()).toBeLessThan(28_000)
  })

  it('sits out a minute of nothing but 429s without Retry-After, and hardly asks meanwhile', async () => {
    const { clock, scheduler } = open()
    const isLimited = () => clock.now() > 500 && clock.now() < 60_500
    const { send, sentAt } = provider(clock, 50, () => (isLimited() ? limited : { ok: 1 }))
    await clock.until(Promise.all(Array.from({ length: 1000 }, () => scheduler.run(send))))
    expect(sentAt.filter((at) => at > 500 && at < 60_500).length).toBeLessThan(250)
    expect(clock.now()).toBeLessThan(75_000)
  })

  it('takes a provider that asks to wait for hours as unavailable', async () => {
    const { clock, scheduler } = open()
    const { send } = provider(clock, 10, () => ({ ...limited, retryAfterMs: 7_200_000 }))
    await expect(clock.until(scheduler.run(send))).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringContaining('120 minutes'),
    })
  })

  it.each([6, 60, 600])('never sends more than %d requests in any minute', async (requestsPerMinute) => {
    const { clock, scheduler } = open({ requestsPerMinute, concurrency: 200 })
    const { send, sentAt } = provider(clock, 10)
    const count = Math.ceil(requestsPerMinute * 2.5)
    await clock.until(Promise.all(Array.from({ length: count }, () => scheduler.run(send))))
    const inMinuteFrom = (start: number) => sentAt.filter((at) => at >= start && at < start + 60_000).length
    expect(Math.max(...sentAt.map(inMinuteFrom))).toBeLessThanOrEqual(requestsPerMinute)
    expect(clock.now()).toBeLessThan(2.5 * 60_000 * 1.1 + 60_000 / requestsPerMinute)
  })

  it('keeps tokens within their limit per minute, settled with what was used', async () => {
    const { clock, scheduler } = open({ tokensPerMinute: 60_000, concurrency: 200 })
    const { send, sentAt } = provider(clock, 10, (n) => ({ ok: n, tokens: 500 }))
    await clock.until(Promise.all(Array.from({ length: 300 }, () => scheduler.run(send, { tokens: 1000 }))))
    const inMinuteFrom = (start: number) => sentAt.filter((at) => at >= start && at < start + 60_000).length
    expect(Math.max(...sentAt.map(inMinuteFrom)) * 500).toBeLessThanOrEqual(61_000)
    expect(clock.now()).toBeLessThan(200_000)
  })

  it('sends a request that is larger than the tokens of a minute', async () => {
    const { clock, scheduler } = open({ tokensPerMinute: 1000 })
    const { send } = provider(clock, 10)
    await clock.until(Promise.all([1, 2].map(() => scheduler.run(send, { tokens: 5000 }))))
    expect(clock.now()).toBeGreaterThan(4 * 60_000)
  })

  it('ends what waits when its signal comes, lets finish what is under way, and leaves other requests alone', async () => {
    const { clock, scheduler } = open({ concurrency: 1 })
    const { send } = provider(clock, 50)
    const controller = new AbortController()
    const [underWay, waiting, other] = [
      scheduler.run(send, { signal: controller.signal }),
      scheduler.run(send, { signal: controller.signal }),
      scheduler.run(send),
    ]
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(await clock.until(underWay)).toBe(0)
    expect(await clock.until(other)).toBe(1)
    await expect(scheduler.run(send, { signal: controller.signal })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    })
  })

  it('ends a request that waits for its second attempt when its signal comes', async () => {
    const { clock, scheduler } = open()
    const { send, sentAt } = provider(clock, 10, () => broken)
    const controller = new AbortController()
    const run = scheduler.run(send, { signal: controller.signal })
    await clock.advance(10)
    controller.abort()
    await expect(run).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await clock.advance(60_000)
    expect(sentAt).toHaveLength(1)
  })

  it('hands on what the sender throws, and goes on', async () => {
    const { clock, scheduler } = open({ concurrency: 1 })
    const fault = new Error('disk full')
    const failing = scheduler.run(() => Promise.reject(fault))
    const { send } = provider(clock, 10)
    const next = scheduler.run(send)
    await expect(failing).rejects.toBe(fault)
    expect(await clock.until(next)).toBe(0)
  })

  it('tells after each attempt how things stand', async () => {
    const told: number[] = []
    const { clock, scheduler } = open({
      concurrency: 2,
      onStats: ({ ok, underWay, waiting }) => told.push(ok + underWay + waiting),
    })
    const { send } = provider(clock, 10)
    await clock.until(Promise.all(Array.from({ length: 6 }, () => scheduler.run(send))))
    expect(told).toHaveLength(6)
    expect(scheduler.stats()).toMatchObject({ ok: 6, underWay: 0, waiting: 0, latencyMeanMs: 10 })
  })
})
