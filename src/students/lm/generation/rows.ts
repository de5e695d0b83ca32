/**
 * Which tokens the rows of a cache hold. Rows in use come first, without gaps, so that one run takes them all on;
 * rows that were left keep their tokens until they are needed, so that a prompt that begins like an earlier one
 * starts from what was computed for that.
 */
import { bytesPerToken, type KeyValueCache } from './key-value-cache.ts'
import type { Architecture } from '../types.ts'

export interface Rows {
  /** Rows that may be in use together with this many places each. */
  limit(places: number): number
  /**
   * Begins to use a row, of which there are `inUse` now, for these tokens. Gives how many of them, at most `most`,
   * the row has already.
   */
  take(tokens: readonly number[], most: number, inUse: number): number
  /** Gives a row up; the last of the rows in use takes its place. */
  leave(row: number, inUse: number): void
  /** Says that the row holds the first `count` of its tokens. */
  hold(row: number, count: number): void
  /** Makes room for `longest` tokens in each row. */
  reserve(longest: number, inUse: number): void
  /** The same, and gives back what is far more than that. */
  fit(longest: number, inUse: number): void
}

interface Held {
  /** As they were given to `take`; may have grown since. */
  readonly tokens: readonly number[]
  readonly count: number
  /** Larger is later. */
  readonly lastUse: number
}

/** T grows and shrinks by steps, for each costs a copy. */
const placeStep = 32
const growth = 1.125
/** A beginning that is shorter is computed again sooner than it is copied. */
const leastShared = 8
/** What all rows together take at most; a single row may take more. */
const mostBytes = 2 * 2 ** 30

export function createRows(cache: KeyValueCache, architecture: Architecture, contextTokens: number): Rows {
  const held: Held[] = Array.from({ length: cache.rows }, () => ({ tokens: [], count: 0, lastUse: 0 }))
  let uses = 0
  const set = (row: number, tokens: readonly number[], count: number): void => {
    held[row] = { tokens, count, lastUse: ++uses }
  }
  const limit = (places: number): number => {
    const fitting = Math.floor(mostBytes / (Math.max(1, places) * bytesPerToken(architecture)))
    return Math.max(1, Math.min(cache.rows, fitting))
  }
  /** Of two rows that are not in use, so that neither's tokens are lost. */
  const swap = (one: number, other: number): void => {
    cache.swap(one, other, Math.max(held[one].count, held[other].count))
    const former = held[one]
    held[one] = held[other]
    held[other] = former
  }
  /** Before a row is overwritten: what it holds takes the place of what has not been used for longest. */
  const rescue = (row: number): void => {
    const others = held.map((_, index) => index).slice(row + 1, limit(cache.places))
    const oldest = others.sort((a, b) => held[a].lastUse - held[b].lastUse)[0]
    if (oldest === undefined || held[row].count < leastShared || held[oldest].lastUse > held[row].lastUse)
      return
    cache.copy(row, oldest, held[row].count)
    held[oldest] = held[row]
  }
  const resize = (longest: number, inUse: number): void => {
    const wanted = Math.ceil((longest * growth) / placeStep) * placeStep
    const places = Math.max(longest, Math.min(wanted, contextTokens))
    const kept = Math.max(inUse, limit(places))
    for (const [row, { tokens, count, lastUse }] of held.entries()) {
      held[row] = { tokens, count: row < kept ? Math.min(count, places) : 0, lastUse }
    }
    cache.resize(
      places,
      held.map(({ count }) => count),
    )
  }
  return {
    limit,
    take(tokens, most, inUse) {
      const row = inUse
      const shared = held.map((other) => sharedLength(other, tokens, most))
      const source = shared.reduce((best, length, index) => (length > shared[best] ? index : best), row)
      const count = shared[source] >= leastShared ? shared[source] : 0
      // What two prompts of one task have in common will be in the row again: nothing is lost with the former one.
      const isOtherTask = shared[row] < held[row].count / 2
      if (isOtherTask && count > 0 && source > row) {
        swap(row, source)
      } else {
        if (isOtherTask) rescue(row)
        if (count > 0) cache.copy(source, row, count)
      }
      set(row, tokens, count)
      return count
    },
    leave(row, inUse) {
      const last = inUse - 1
      if (row === last) return
      cache.copy(last, row, held[last].count)
      held[row] = held[last]
      // Its tokens grow on in their new row.
      held[last] = { ...held[last], tokens: held[last].tokens.slice(0, held[last].count) }
    },
    hold(row, count) {
      set(row, held[row].tokens, count)
    },
    reserve(longest, inUse) {
      if (longest > cache.places) resize(longest, inUse)
    },
    fit(longest, inUse) {
      const isRoomy = cache.places > Math.max(2 * longest, 8 * placeStep)
      if (longest > cache.places || isRoomy) resize(longest, inUse)
    },
  }
}

function sharedLength({ tokens, count }: Held, others: readonly number[], most: number): number {
  const end = Math.min(count, most)
  let length = 0
  while (length < end && tokens[length] === others[length]) length++
  return length
}
