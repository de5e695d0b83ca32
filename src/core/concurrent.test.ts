import { expect, it } from 'vitest'
import { createGate, mapConcurrently } from './concurrent.ts'

async function collect(
  items: number[],
  limit: number,
  work: (item: number) => Promise<number>,
): Promise<number[]> {
  const results: number[] = []
  for await (const { index, result } of mapConcurrently(items, limit, work)) results[index] = result
  return results
}

it('gives every result under its index', async () => {
  const results = await collect([3, 1, 2, 0], 2, async (item) => {
    for (let i = 0; i < item; i++) await Promise.resolve()
    return item * 10
  })
  expect(results).toEqual([30, 10, 20, 0])
})

it('never runs more than the limit at once', async () => {
  let running = 0
  let most = 0
  await collect(
    Array.from({ length: 50 }, (_, index) => index),
    7,
    async (item) => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return item
    },
  )
  expect(most).toBe(7)
})

it('starts nothing after a failure, waits for what is under way, then throws', async () => {
  const finished: number[] = []
  const run = collect([0, 1, 2, 3, 4, 5], 3, async (item) => {
    if (item === 1) throw new Error('row 1 failed')
    await new Promise((resolve) => setImmediate(resolve))
    finished.push(item)
    return item
  })
  await expect(run).rejects.toThrow('row 1 failed')
  expect(finished).toEqual([0, 2])
})

it('is empty for no items', async () => {
  expect(await collect([], 4, async (item) => item)).toEqual([])
})

it('lets so many through a gate at once, in order, also after one has failed', async () => {
  const gate = createGate(2)
  const started: number[] = []
  let running = 0
  let most = 0
  const work = async (item: number): Promise<number> => {
    started.push(item)
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
    if (item === 1) throw new Error('one failed')
    return item
  }
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map((item) => gate(() => work(item))))
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ])
  expect([started, most]).toEqual([[0, 1, 2, 3, 4], 2])
})
