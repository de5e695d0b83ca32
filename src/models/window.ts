/** How many requests may be under way at once: found out as TCP finds its window (Jacobson 1988). */

export interface Window {
  size(): number
  /** A reply came while the window was full: doubles each round trip at first, later one more each round trip. */
  grow(): void
  /**
   * Halves what was under way, at most once a round trip: a request that was sent before the last halving
   * says nothing new.
   */
  shrink(sentAtMs: number, nowMs: number, underWay: number): void
}

const defaultInitial = 8

export function createWindow(most: number, initial: number = defaultInitial): Window {
  let size = Math.min(most, initial)
  let doubling = true
  let shrunkAt = -Infinity
  return {
    size: () => Math.floor(size),
    grow() {
      size = Math.min(most, size + (doubling ? 1 : 1 / size))
    },
    shrink(sentAtMs, nowMs, underWay) {
      if (sentAtMs < shrunkAt) return
      size = Math.max(1, Math.min(size, underWay) / 2)
      doubling = false
      shrunkAt = nowMs
    },
  }
}
