/** A limit per minute as a token bucket that never lets more than the limit through in any 60 seconds. */

export interface RateLimit {
  /** Milliseconds until `amount` may go; 0 when it may now. */
  waitMs(amount: number, nowMs: number): number
  take(amount: number, nowMs: number): void
  /** Gives back what an estimate took too much; a negative amount takes more. */
  giveBack(amount: number): void
}

/**
 * `burst` may go at once. An amount larger than the burst goes when the bucket is full and leaves it in debt.
 * With a bucket of b, filled at r per minute, at most b + r - 1 whole units pass in any minute.
 */
export function createRateLimit(perMinute: number, burst: number, nowMs: number): RateLimit {
  const size = Math.max(1, Math.min(burst, perMinute))
  const perMs = Math.max(1e-9, perMinute - size + 1) / 60_000
  let level = size
  let filledAt = nowMs
  const fill = (now: number): void => {
    level = Math.min(size, level + Math.max(0, now - filledAt) * perMs)
    filledAt = now
  }
  return {
    waitMs(amount, now) {
      fill(now)
      const missing = Math.min(amount, size) - level
      return missing <= 1e-9 ? 0 : Math.ceil(missing / perMs)
    },
    take(amount, now) {
      fill(now)
      level -= amount
    },
    giveBack(amount) {
      level = Math.min(size, level + amount)
    },
  }
}
