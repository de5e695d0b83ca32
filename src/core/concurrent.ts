/** Work on many items, some at a time, as an async generator: so that a step can report while it works. */

/**
 * Yields `{ index, result }` as items are done, in the order of completion. At most `limit` run at once. When
 * `work` throws, no further item is started, those under way are waited for (what they paid for is logged),
 * and the first error is thrown.
 */
export async function* mapConcurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): AsyncGenerator<{ readonly index: number; readonly result: Result }, void> {
  const done: { readonly index: number; readonly result: Result }[] = []
  const failures: unknown[] = []
  let started = 0
  let running = 0
  let wake = (): void => {}
  const start = (index: number): void => {
    running++
    work(items[index], index)
      .then(
        (result) => done.push({ index, result }),
        (error: unknown) => failures.push(error),
      )
      .finally(() => {
        running--
        wake()
      })
  }
  while (started < items.length || running > 0 || done.length > 0) {
    while (failures.length === 0 && running < limit && started < items.length) start(started++)
    if (done.length === 0 && running > 0) await new Promise<void>((resolve) => (wake = resolve))
    while (done.length > 0) yield done.shift() as { index: number; result: Result }
    if (failures.length > 0 && running === 0) throw failures[0]
  }
}

/** A gate that lets so many pieces of work through at once; the others wait in line. */
export function createGate(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let free = most
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
