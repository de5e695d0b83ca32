import { expect, it } from 'vitest'
import { createRandom } from '../../../core/random.ts'
import type { TrainingSequence } from '../types.ts'
import { commonBeginning, microBatches, orderSteps } from './micro-batches.ts'

/** Ids from `first` on behind a shared beginning of ids 1, 2, 3, ...; the last `trained` are learned. */
function sequence(shared: number, first: number, length: number, trained = 1): TrainingSequence {
  const ids = Int32Array.from({ length }, (_, i) => (i < shared ? i + 1 : first + i - shared))
  return { ids, trained: new Uint8Array(length).fill(1, length - trained), sharedPrefix: shared }
}

it('lays the shared beginning once, each row behind it padded, and marks who predicts what', () => {
  const rows = [sequence(2, 50, 4), sequence(2, 60, 7, 2)]
  const [batch, ...others] = microBatches(rows, 2, { tokens: 100, multiple: 4 })
  expect(others).toEqual([])
  expect(batch.shape).toEqual({ shared: 2, rows: 2, length: 8 })
  expect([...batch.ids]).toEqual([1, 2, 60, 61, 62, 63, 64, 0, 0, 0, 50, 51, 0, 0, 0, 0, 0, 0])
  // The longer row comes first: ids 63 and 64 are predicted by 62 and 63, id 51 by 50.
  expect([...batch.targets]).toEqual([4, 5, 10])
  expect([...batch.labels]).toEqual([63, 64, 51])
  expect(batch.tokens).toBe(2 + 5 + 2)
})

it('never exceeds the limit of tokens but for a row that is longer alone', () => {
  const random = createRandom(1)
  const rows = Array.from({ length: 40 }, (_, i) => sequence(10, 100 * i, 11 + random.below(60)))
  const long = sequence(10, 9000, 200)
  const batches = microBatches([...rows, long], 10, { tokens: 150, multiple: 16 })
  const sizes = batches.map(({ shape }) => shape.shared + shape.rows * shape.length)
  expect(batches[0].shape.rows).toBe(1)
  expect(Math.max(...sizes.slice(1))).toBeLessThanOrEqual(150)
  const learned = batches.flatMap(({ labels }) => [...labels]).sort((a, b) => a - b)
  const expected = [...rows, long].map(({ ids }) => ids[ids.length - 1]).sort((a, b) => a - b)
  expect(learned).toEqual(expected)
})

it('shares a beginning as far as all have it and none learns from it or right after it', () => {
  const rows = [sequence(20, 100, 30), sequence(20, 200, 30)]
  expect(commonBeginning(rows)).toBe(20)
  expect(commonBeginning([...rows, sequence(0, 300, 30)])).toBe(0)
  const other = sequence(20, 400, 30)
  other.ids[12] = 77
  expect(commonBeginning([...rows, other])).toBe(12)
  expect(commonBeginning([...rows, sequence(20, 500, 30, 15)])).toBe(14)
  expect(commonBeginning([...rows, sequence(20, 600, 10)])).toBe(8)
  expect(commonBeginning([])).toBe(0)
})

it('takes each row once an epoch, rows of like length together, in an order that the seed decides', () => {
  const random = createRandom(3)
  const rows = Array.from({ length: 50 }, () => sequence(0, 100, 5 + random.below(100)))
  const steps = orderSteps(rows, 8, createRandom(1))
  expect(steps.map((step) => step.length).sort((a, b) => b - a)).toEqual([8, 8, 8, 8, 8, 8, 2])
  expect(steps.flat().sort((a, b) => a - b)).toEqual(rows.map((_, i) => i))
  expect(orderSteps(rows, 8, createRandom(1))).toEqual(steps)
  expect(orderSteps(rows, 8, createRandom(2))).not.toEqual(steps)
  const spread = steps.map((step) => {
    const lengths = step.map((row) => rows[row].ids.length)
    return Math.max(...lengths) - Math.min(...lengths)
  })
  expect(Math.max(...spread)).toBeLessThan(50)
})
