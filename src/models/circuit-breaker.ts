/** Notices that a provider does not answer, or refuses everything, and says so once instead of a thousand times. */
import { PotstillError } from '../core/errors.ts'
import type { Clock } from './clock.ts'
import type { Retry } from './outcome.ts'

export interface CircuitBreaker {
  /** Why nothing is sent any more; null while the circuit is closed. */
  error(): PotstillError | null
  /**
   * True while so much fails that only one request at a time should find out whether it still does. 429s make
   * it so only when there are few requests: fewer at once is the better answer to them.
   */
  suspects(mostUnderWay: number): boolean
  /** How many did so. */
  probes(): number
  succeeded(): void
  /** Each of these returns the error with which the circuit breaks, or null while it holds. */
  failed(failure: Retry): PotstillError | null
  refused(refusal: PotstillError): PotstillError | null
  open(error: PotstillError): void
}

/** It breaks after this many failures in a row, */
const mostInARow = 10
/** when they lasted this long: a server may restart, and a rate limit lasts a minute. */
const patienceMs = { beforeAnySuccess: 5_000, afterSuccess: 30_000, rateLimited: 120_000 }
/** A provider that asks for a longer wait is not available. */
const longestRetryAfterMs = 10 * 60_000

export function createCircuitBreaker(name: string, clock: Clock): CircuitBreaker {
  let broken: PotstillError | null = null
  let everSucceeded = false
  let failures = 0
  let since = 0
  let rateLimited = false
  let refusals = 0

  function patience(): number {
    if (rateLimited) return patienceMs.rateLimited
    return everSucceeded ? patienceMs.afterSuccess : patienceMs.beforeAnySuccess
  }

  return {
    error: () => broken,
    suspects: (mostUnderWay) => failures >= mostInARow && (!rateLimited || mostUnderWay === 1),
    probes: () => Math.max(0, failures - mostInARow + 1),
    succeeded() {
      everSucceeded = true
      failures = 0
      refusals = 0
      rateLimited = false
    },
    failed({ retry, message, retryAfterMs = 0 }) {
      if (retryAfterMs > longestRetryAfterMs) {
        const minutes = Math.round(retryAfterMs / 60_000)
        return unavailable(`${message} (it asks to wait ${minutes} minutes)`)
      }
      if (failures === 0) since = clock.now()
      failures++
      rateLimited ||= retry === 'rate_limit'
      const lastedMs = clock.now() - since
      if (failures < mostInARow || lastedMs < patience()) return null
      const seconds = Math.round(lastedMs / 1000)
      return unavailable(`${name} failed ${failures} times in a row over ${seconds} s, last: ${message}`)
    },
    refused(refusal) {
      failures = 0
      refusals++
      if (everSucceeded || refusals < mostInARow) return null
      return unavailable(`${name} refused the first ${refusals} requests, last: ${refusal.message}`)
    },
    open(error) {
      broken ??= error
    },
  }
}

export function unavailable(message: string, hint?: string): PotstillError {
  return new PotstillError('MODEL_UNAVAILABLE', message, { hint })
}
