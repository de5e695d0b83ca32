/** Decides when each request to one provider goes, how many are under way, and whether one is tried again. */
import { PotstillError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import { createCircuitBreaker, type CircuitBreaker } from './circuit-breaker.ts'
import type { Clock } from './clock.ts'
import type { Outcome, Retry, Success } from './outcome.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'
import { createWaitingLine, type WaitingLine } from './waiting-line.ts'
import { createWindow, type Window } from './window.ts'

export interface SchedulerOptions {
  /** The provider, as messages name it. */
  readonly name: string
  /** The most requests under way at once. */
  readonly concurrency: number
  /** How many at once to begin with, before it is known what the provider bears; 8 by default. */
  readonly initialConcurrency?: number
  readonly requestsPerMinute?: number | null
  readonly tokensPerMinute?: number | null
  readonly clock: Clock
  readonly random: Random
  /** Called after each attempt. */
  readonly onStats?: (stats: SchedulerStats) => void
}

export interface SchedulerStats {
  readonly underWay: number
  readonly waiting: number
  /** How many may be under way at once, just now. */
  readonly limit: number
  /** Attempts, each one counted. */
  readonly sent: number
  readonly ok: number
  readonly retried: number
  /** Attempts answered with 429: not errors, but a sign to slow down. */
  readonly rateLimited: number
  /** Requests given up. */
  readonly failed: number
  /** Mean time from sending to the committed reply; null before the first. */
  readonly latencyMeanMs: number | null
}

export interface Scheduler {
  /**
   * Sends when it may, again where that helps. `tokens` is an estimate for the limit per minute. Throws what
   * made the outcome fatal, MODEL_CALL_FAILED when trying again did not help, MODEL_UNAVAILABLE once the provider
   * is given up, INTERRUPTED when the signal came
   * before it was sent, and whatever `send` throws.
   */
  run<Value>(send: () => Promise<Outcome<Value>>, options?: RunOptions): Promise<Value>
  stats(): SchedulerStats
}

export interface RunOptions {
  readonly tokens?: number
  readonly signal?: AbortSignal
}

/** Attempts at one request: failures, and 429s apart, which say nothing bad of it. */
const mostFailures = 6
const mostRateLimits = 10
/** Full jitter (Brooker 2015): a random share of a wait that doubles with each attempt. */
const firstBackoffMs = 500
const longestBackoffMs = 30_000
const longestProbeMs = 5_000

interface Job {
  readonly send: () => Promise<Outcome<unknown>>
  readonly tokens: number
  readonly signal?: AbortSignal
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  failures: number
  rateLimits: number
}

/** All that a scheduler knows. */
interface State {
  readonly options: SchedulerOptions
  readonly line: WaitingLine<Job>
  readonly window: Window
  readonly breaker: CircuitBreaker
  readonly requestLimit: RateLimit | null
  readonly tokenLimit: RateLimit | null
  readonly watched: WeakSet<AbortSignal>
  readonly counts: { sent: number; ok: number; retried: number; rateLimited: number; failed: number }
  latencySumMs: number
  underWay: number
  pausedUntil: number
  wake: { readonly at: number; readonly cancel: () => void } | null
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  const state = createState(options)
  return {
    run: <Value>(send: () => Promise<Outcome<Value>>, { tokens = 0, signal }: RunOptions = {}) =>
      new Promise<Value>((resolve, reject) => {
        const error = signal?.aborted === true ? interrupted(state) : state.breaker.error()
        if (error !== null) return reject(error)
        if (signal !== undefined) watch(state, signal)
        const settle = resolve as (value: unknown) => void
        state.line.add({ send, tokens, signal, resolve: settle, reject, failures: 0, rateLimits: 0 })
        pump(state)
      }),
    stats: () => statsOf(state),
  }
}

function createState(options: SchedulerOptions): State {
  const { name, clock, requestsPerMinute, tokensPerMinute } = options
  const now = clock.now()
  const limit = (perMinute: number | null | undefined, burstMinutes: number): RateLimit | null =>
    perMinute ? createRateLimit(perMinute, perMinute * burstMinutes, now) : null
  return {
    options,
    line: createWaitingLine(),
    window: createWindow(options.concurrency, options.initialConcurrency),
    breaker: createCircuitBreaker(name, clock),
    requestLimit: limit(requestsPerMinute, 1 / 60),
    tokenLimit: limit(tokensPerMinute, 1 / 12),
    watched: new WeakSet(),
    counts: { sent: 0, ok: 0, retried: 0, rateLimited: 0, failed: 0 },
    latencySumMs: 0,
    underWay: 0,
    pausedUntil: 0,
    wake: null,
  }
}

function statsOf({ counts, line, window, underWay, latencySumMs }: State): SchedulerStats {
  return {
    ...counts,
    underWay,
    waiting: line.length(),
    limit: window.size(),
    latencyMeanMs: counts.ok === 0 ? null : latencySumMs / counts.ok,
  }
}

/** Sends what may go now, and sees to it that the rest is thought of again when it may. */
function pump(state: State): void {
  const { line, window, options } = state
  while (state.underWay < (suspects(state) ? 1 : window.size())) {
    const job = line.first()
    if (job === undefined) return wakeAt(state, null)
    const now = options.clock.now()
    const waitMs = waitFor(state, job, now)
    if (waitMs > 0) return wakeAt(state, now + waitMs)
    line.takeFirst()
    state.requestLimit?.take(1, now)
    state.tokenLimit?.take(job.tokens, now)
    start(state, job, now)
  }
}

function waitFor({ pausedUntil, requestLimit, tokenLimit }: State, job: Job, now: number): number {
  const requests = requestLimit?.waitMs(1, now) ?? 0
  const tokens = tokenLimit?.waitMs(job.tokens, now) ?? 0
  return Math.max(pausedUntil - now, requests, tokens)
}

/** null: nothing to wake for, so that no timer keeps the process alive. */
function wakeAt(state: State, at: number | null): void {
  if (at !== null && state.wake !== null && state.wake.at <= at) return
  state.wake?.cancel()
  state.wake = null
  if (at === null) return
  const { clock } = state.options
  const cancel = clock.after(at - clock.now(), () => {
    state.wake = null
    pump(state)
  })
  state.wake = { at, cancel }
}

function start(state: State, job: Job, sentAt: number): void {
  state.underWay++
  state.counts.sent++
  job.send().then(
    (outcome) => finish(state, job, outcome, sentAt),
    (error: unknown) => {
      state.underWay--
      giveUp(state, job, error)
      pump(state)
    },
  )
}

function finish(state: State, job: Job, outcome: Outcome<unknown>, sentAt: number): void {
  const wasFull = state.underWay >= state.window.size()
  state.underWay--
  if ('ok' in outcome) succeed(state, job, outcome, { sentAt, wasFull })
  else if ('fatal' in outcome) {
    giveUp(state, job, outcome.fatal)
    const broken = outcome.stop ? outcome.fatal : state.breaker.refused(outcome.fatal)
    if (broken !== null) stop(state, broken)
  } else tryAgain(state, job, outcome, sentAt)
  state.options.onStats?.(statsOf(state))
  pump(state)
}

function succeed(
  state: State,
  job: Job,
  outcome: Success<unknown>,
  { sentAt, wasFull }: { readonly sentAt: number; readonly wasFull: boolean },
): void {
  state.counts.ok++
  state.latencySumMs += state.options.clock.now() - sentAt
  state.breaker.succeeded()
  if (wasFull) state.window.grow()
  if (outcome.pauseMs !== undefined) pause(state, outcome.pauseMs)
  if (outcome.tokens !== undefined) state.tokenLimit?.giveBack(job.tokens - outcome.tokens)
  job.resolve(outcome.ok)
}

function tryAgain(state: State, job: Job, outcome: Retry, sentAt: number): void {
  const rateLimited = outcome.retry === 'rate_limit'
  if (outcome.overloaded) state.window.shrink(sentAt, state.options.clock.now(), state.underWay + 1)
  if (rateLimited) state.counts.rateLimited++
  const broken = state.breaker.failed(outcome)
  if (broken !== null) {
    giveUp(state, job, broken)
    return stop(state, broken)
  }
  if (job.signal?.aborted === true) return giveUp(state, job, interrupted(state))
  // An outage is not the fault of the request that finds it.
  if (suspects(state)) return probeLater(state, job, outcome)
  const tries = rateLimited ? ++job.rateLimits : ++job.failures
  const all = job.failures + job.rateLimits
  if (tries >= (rateLimited ? mostRateLimits : mostFailures)) {
    return giveUp(
      state,
      job,
      new PotstillError('MODEL_CALL_FAILED', `${outcome.message} (tried ${all} times)`),
    )
  }
  if (outcome.retryAfterMs === undefined) return rest(state, job, backoffMs(state, all, longestBackoffMs))
  pause(state, outcome.retryAfterMs)
  retry(state, job)
}

function suspects({ breaker, window }: State): boolean {
  return breaker.suspects(window.size())
}

/** Nothing is sent for a while, and then one request at a time. */
function probeLater(state: State, job: Job, { retryAfterMs }: Retry): void {
  pause(state, retryAfterMs ?? backoffMs(state, state.breaker.probes(), longestProbeMs))
  retry(state, job)
}

function backoffMs(state: State, tries: number, longestMs: number): number {
  return state.options.random.next() * Math.min(longestMs, firstBackoffMs * 2 ** (tries - 1))
}

/** Waits its backoff, holding no place. */
function rest(state: State, job: Job, ms: number): void {
  state.line.rest(job)
  state.options.clock.after(ms, () => {
    if (!state.line.wakes(job)) return
    retry(state, job)
    pump(state)
  })
}

function retry(state: State, job: Job): void {
  state.counts.retried++
  state.line.addRetry(job)
}

/** What a provider asks for holds for all requests to it. */
function pause(state: State, ms: number): void {
  state.pausedUntil = Math.max(state.pausedUntil, state.options.clock.now() + ms)
}

function giveUp(state: State, job: Job, error: unknown): void {
  state.counts.failed++
  job.reject(error)
}

/** Rejects what waits. What is under way is let finish, since it is paid for. */
function stop(state: State, error: PotstillError): void {
  state.breaker.open(error)
  for (const job of state.line.remove(() => true)) giveUp(state, job, error)
}

/** One listener a signal, however many requests share it. */
function watch(state: State, signal: AbortSignal): void {
  if (state.watched.has(signal)) return
  state.watched.add(signal)
  const onAbort = (): void => {
    for (const job of state.line.remove((waiting) => waiting.signal === signal)) {
      giveUp(state, job, interrupted(state))
    }
    pump(state)
  }
  signal.addEventListener('abort', onAbort, { once: true })
}

function interrupted(state: State): PotstillError {
  return new PotstillError(
    'INTERRUPTED',
    `a call to ${state.options.name} was interrupted before it was sent`,
  )
}
