/** Time as the scheduler sees it, so that tests need not wait. */

export interface Clock {
  /** Milliseconds, from any start, never backwards. */
  now(): number
  /** Calls `wake` after so many milliseconds; the returned function calls it off. */
  after(ms: number, wake: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, wake) => {
    const timer = setTimeout(wake, ms)
    return () => clearTimeout(timer)
  },
}
