import { expect, it } from 'vitest'
import { createRandom } from '../../../core/random.ts'
import { dequantiseRow, quantise } from './quantise.ts'

it('is off by at most half a step of its block, also where rows do not fill their blocks', () => {
  const random = createRandom(1)
  for (const columns of [32, 64, 40, 7]) {
    const weights = Float32Array.from({ length: 5 * columns }, () => random.normal())
    const matrix = quantise(weights, 5, columns)
    const row = new Float32Array(columns + 2)
    for (let index = 0; index < 5; index++) {
      dequantiseRow(matrix, index, row, 2)
      for (let i = 0; i < columns; i++) {
        const step = matrix.scales[index * Math.ceil(columns / 32) + Math.floor(i / 32)]
        expect(Math.abs(row[2 + i] - weights[index * columns + i])).toBeLessThanOrEqual(step * 0.5001)
      }
    }
  }
})

it('keeps the largest of a block, and blocks of zeros', () => {
  const weights = new Float32Array(64)
  weights[3] = -2.54
  const row = new Float32Array(64)
  dequantiseRow(quantise(weights, 1, 64), 0, row, 0)
  expect(row).toEqual(weights)
})
