import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../core/random.ts'
import { createKernels, paddedWidth } from './kernels.ts'

const rows = 7

/** Kernels over random numbers, and the same numbers as plain arrays. */
function setUp(count: number, width: number) {
  const random = createRandom(count * 100 + width)
  const kernels = createKernels(rows * width + width + 2 * count, 4)
  const weights = kernels.floats(rows * width)
  const vector = kernels.floats(width)
  const indices = kernels.integers(count)
  const values = kernels.floats(count)
  for (const array of [weights, vector, values]) {
    for (let i = 0; i < array.length; i++) array[i] = random.normal()
  }
  for (let i = 0; i < count; i++) indices[i] = random.below(rows)
  const addresses = [vector, weights, indices, values].map(({ byteOffset }) => byteOffset)
  const [vectorAt, weightsAt, indicesAt, valuesAt] = addresses
  return {
    arrays: { weights, vector, indices, values },
    before: { weights: [...weights], vector: [...vector], indices: [...indices], values: [...values] },
    run: (name: 'addRows' | 'addToRows' | 'dotRows') =>
      kernels[name](vectorAt, weightsAt, indicesAt, valuesAt, count, width),
  }
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 4))
}

const shapes = [
  [1, 4],
  [5, 4],
  [13, 20],
  [40, 128],
] as const

describe('the kernels of training', () => {
  it.each(shapes)('add %i weighted rows of %i weights', (count, width) => {
    const { arrays, before, run } = setUp(count, width)
    run('addRows')
    const expected = before.vector.map((value, j) =>
      before.indices.reduce((sum, row, i) => sum + before.values[i] * before.weights[row * width + j], value),
    )
    expectClose(arrays.vector, expected)
    expect([...arrays.weights]).toEqual(before.weights)
  })

  it.each(shapes)('add a vector to %i rows of %i weights, also to one row twice', (count, width) => {
    const { arrays, before, run } = setUp(count, width)
    run('addToRows')
    const expected = before.weights.map((weight, at) => {
      const own = before.values.filter((_, i) => before.indices[i] === Math.floor(at / width))
      return weight + own.reduce((sum, value) => sum + value, 0) * before.vector[at % width]
    })
    expectClose(arrays.weights, expected)
    expect([...arrays.vector]).toEqual(before.vector)
  })

  it.each(shapes)('multiply %i rows of %i weights by a vector', (count, width) => {
    const { arrays, before, run } = setUp(count, width)
    run('dotRows')
    const expected = before.indices.map((row) =>
      before.vector.reduce((sum, value, j) => sum + value * before.weights[row * width + j], 0),
    )
    expectClose(arrays.values, expected)
  })

  it('do nothing for no rows', () => {
    const { arrays, before, run } = setUp(0, 8)
    for (const name of ['addRows', 'addToRows', 'dotRows'] as const) run(name)
    expect([...arrays.vector]).toEqual(before.vector)
    expect([...arrays.weights]).toEqual(before.weights)
  })

  it('take widths that are multiples of 4', () => {
    expect([0, 1, 4, 5, 77].map(paddedWidth)).toEqual([4, 4, 4, 8, 80])
  })
})
