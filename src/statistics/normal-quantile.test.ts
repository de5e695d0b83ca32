import { expect, it } from 'vitest'
import { normalQuantile } from './normal-quantile.ts'

// scipy 1.17, scipy.stats.norm.ppf(p).
it.each([
  [0.5, 0],
  [0.6, 0.2533471],
  [0.975, 1.959964],
  [1 - 0.025 / 6, 2.6382573],
  [0.025, -1.959964],
  [1e-12, -7.0344838],
])('gives the quantile of %f', (p, quantile) => {
  expect(normalQuantile(p)).toBeCloseTo(quantile, 6)
})
