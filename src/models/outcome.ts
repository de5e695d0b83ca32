/** What came of one attempt at a request: decided once, where the status is read, and acted on by the scheduler. */
import type { PotstillError } from '../core/errors.ts'

export type RetryReason = 'rate_limit' | 'server' | 'network'

export interface Retry {
  readonly retry: RetryReason
  /** What happened, for a person. */
  readonly message: string
  /** True when sending fewer requests at once may help. */
  readonly overloaded: boolean
  /** How long the provider asks to wait. */
  readonly retryAfterMs?: number
  /** True when the request was sent and its reply lost, so that it may have been paid for. */
  readonly lost: boolean
}

export interface Fatal {
  readonly fatal: PotstillError
  /** True when every other request would end the same way: a wrong key, an unknown model, no money left. */
  readonly stop: boolean
}

export interface Success<Value> {
  readonly ok: Value
  /** The provider's headers say that nothing more goes for this long. */
  readonly pauseMs?: number
  /** Tokens that it took, to settle the estimate with. */
  readonly tokens?: number
}

export type Outcome<Value> = Success<Value> | Retry | Fatal
