/** Keeps captures: at once and waited for, or in the background, and counts what came of each. */
import { messageOf } from '../../core/errors.ts'
import type { Capture, CaptureStore } from '../../core/store.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'

export type CaptureOutcome = 'stored' | 'waiting' | 'dropped'

export interface CaptureWriter {
  /** Durable: resolves once it is on disk, or could not be written. Relaxed: at once. Never rejects. */
  keep(capture: Capture): Promise<CaptureOutcome>
  /**
   * The id under which a reply is kept, which its client gets too. Never the provider's: some draw theirs from a
   * thousand, and stand-ins give one to all, so that a reply would take the place of another.
   */
  nextId(): string
  /** Counts a reply that did not come to its end. */
  abandon(): void
  counts(): CaptureCounts
  /** Writes what waits. */
  drain(): Promise<void>
}

export interface CaptureCounts {
  readonly stored: number
  readonly waiting: number
  readonly dropped: number
}

export interface CaptureWriterOptions {
  readonly store: CaptureStore
  readonly durability: 'durable' | 'relaxed'
  readonly metrics: Metrics
  readonly log: Log
  readonly newId: () => string
}

/** Relaxed captures are written this often, together. */
const relaxedEveryMs = 50
/** Of relaxed captures: where a disk does not keep up, the server's memory must not go. */
const mostWaitingBytes = 64 * 1024 * 1024

export function createCaptureWriter(options: CaptureWriterOptions): CaptureWriter {
  const { store, metrics, log } = options
  const underWay = new Set<Promise<unknown>>()
  let relaxed: Capture[] = []
  let relaxedBytes = 0
  let timer: NodeJS.Timeout | undefined
  let stored = 0
  let waiting = 0
  let dropped = 0

  function settle(outcome: 'stored' | 'dropped'): void {
    metrics.captures.inc({ outcome })
    if (outcome === 'stored') stored++
    else dropped++
  }

  function countWaiting(change: number): void {
    waiting += change
    metrics.capturesWaiting.set(waiting)
  }

  async function commit(capture: Capture): Promise<CaptureOutcome> {
    try {
      await store.commitCapture(capture)
      settle('stored')
      return 'stored'
    } catch (error) {
      settle('dropped')
      log('error', 'a reply could not be kept', { id: capture.id, reason: messageOf(error) })
      return 'dropped'
    } finally {
      countWaiting(-1)
    }
  }

  /** Known to `drain` for as long as it takes. */
  function start(capture: Capture): Promise<CaptureOutcome> {
    const work = commit(capture)
    underWay.add(work)
    void work.finally(() => underWay.delete(work))
    return work
  }

  function flushRelaxed(): void {
    clearTimeout(timer)
    timer = undefined
    const group = relaxed
    relaxed = []
    relaxedBytes = 0
    for (const capture of group) void start(capture)
  }

  function keepRelaxed(capture: Capture): CaptureOutcome {
    const bytes = 2 * (capture.request.length + capture.response.length)
    if (relaxedBytes + bytes > mostWaitingBytes) {
      settle('dropped')
      log('error', 'a reply could not be kept', { id: capture.id, reason: 'too many wait to be written' })
      return 'dropped'
    }
    countWaiting(1)
    relaxed.push(capture)
    relaxedBytes += bytes
    timer ??= setTimeout(flushRelaxed, relaxedEveryMs)
    return 'waiting'
  }

  return {
    async keep(capture) {
      if (options.durability === 'relaxed') return keepRelaxed(capture)
      countWaiting(1)
      return start(capture)
    },
    nextId: () => `chatcmpl-${options.newId()}`,
    abandon: () => metrics.captures.inc({ outcome: 'abandoned' }),
    counts: () => ({ stored, waiting, dropped }),
    async drain() {
      flushRelaxed()
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}
