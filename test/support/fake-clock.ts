/** A clock for tests: time passes only when it is told to, or as far as the next thing that waits. */
import type { Clock } from '../../src/models/clock.ts'

export interface FakeClock extends Clock {
  /** Lets so many milliseconds pass, waking what is due on the way. */
  advance(ms: number): Promise<void>
  /** Lets time pass until `work` is done; fails when nothing is left to wait for. */
  until<Value>(work: Promise<Value>): Promise<Value>
  /** How many wait. */
  waiting(): number
}

interface Timer {
  readonly at: number
  readonly wake: () => void
}

export function createFakeClock(): FakeClock {
  const timers = new Set<Timer>()
  let now = 0

  /** Lets promises run that are ready. */
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  async function wakeNext(before: number): Promise<boolean> {
    await settle()
    let due: Timer | undefined
    for (const timer of timers)
      if (timer.at <= before && (due === undefined || timer.at < due.at)) due = timer
    if (due === undefined) return false
    timers.delete(due)
    now = Math.max(now, due.at)
    due.wake()
    return true
  }

  return {
    now: () => now,
    after(ms, wake) {
      const timer = { at: now + ms, wake }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async advance(ms) {
      const end = now + ms
      while (await wakeNext(end));
      now = end
      await settle()
    },
    async until(work) {
      let done = false
      const mark = (): void => void (done = true)
      work.then(mark, mark)
      await settle()
      while (!done) {
        if (!(await wakeNext(Infinity)) && !done) throw new Error('nothing is left to wait for')
        await settle()
      }
      return work
    },
    waiting: () => timers.size,
  }
}
