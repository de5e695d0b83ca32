/** Signals that follow others some time later, so that replies under way, which are paid for, can still arrive. */
import { setMaxListeners } from 'node:events'
import type { Clock } from './clock.ts'

export interface LateSignals {
  /** The same late signal for the same signal. */
  of(signal: AbortSignal | undefined): AbortSignal | undefined
  /** Calls off what was still to follow. */
  close(): void
}

export function createLateSignals(clock: Clock, graceMs: number): LateSignals {
  const known = new WeakMap<AbortSignal, AbortSignal>()
  const pending = new Set<() => void>()

  function follow(signal: AbortSignal): AbortSignal {
    const controller = new AbortController()
    // Each request under way listens, and there may be hundreds.
    setMaxListeners(0, controller.signal)
    const startGrace = (): void => {
      const cancel = clock.after(graceMs, () => {
        pending.delete(cancel)
        controller.abort()
      })
      pending.add(cancel)
    }
    if (signal.aborted) startGrace()
    else signal.addEventListener('abort', startGrace, { once: true })
    known.set(signal, controller.signal)
    return controller.signal
  }

  return {
    of: (signal) => (signal === undefined ? undefined : (known.get(signal) ?? follow(signal))),
    close() {
      for (const cancel of pending) cancel()
      pending.clear()
    },
  }
}
