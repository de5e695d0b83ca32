import { expect, it } from 'vitest'
import { differenceScale, shareScale, strip, stripAxis } from './chart-strip.ts'

it('draws shares on a scale that ends at one and begins below the lowest interval', () => {
  const scale = shareScale([
    [0.62, 0.7],
    [0.97, 0.99],
  ])
  expect(scale.position(1)).toBe(100)
  expect(scale.position(0.62)).toBeGreaterThan(0)
  expect(scale.position(0.97)).toBeGreaterThan(scale.position(0.7))
})

it('keeps shares of one, of zero and of nothing at all on the scale', () => {
  for (const intervals of [[], [[1, 1]], [[0, 0]], [[NaN, NaN]]] as [number, number][][]) {
    const scale = shareScale(intervals)
    expect(scale.position(1)).toBe(100)
    expect(scale.position(0)).toBe(0)
    expect(scale.ticks.length).toBeGreaterThan(1)
  }
})

it('labels zero on a scale of differences, and one on a scale of shares', () => {
  const label = (value: number): string => value.toFixed(2)
  expect(stripAxis(differenceScale([[-0.06, 0.33]], [-0.02]), label).markup).toContain('>0.00<')
  expect(stripAxis(shareScale([[0.08, 0.2]]), label).markup).toContain('>1.00<')
})

it('has the margin on the scale of differences even where no interval reaches it', () => {
  const scale = differenceScale([[0.1, 0.2]], [-0.02])
  expect(scale.position(-0.02)).toBeGreaterThan(0)
  expect(scale.position(0)).toBeGreaterThan(scale.position(-0.02))
})

it('says in words what it draws, and draws no dot where there is no figure', () => {
  const scale = shareScale([[0.8, 0.9]])
  expect(strip(scale, 0.85, [0.8, 0.9], 'after', 'student: 85 %').markup).toContain(
    'aria-label="student: 85 %"',
  )
  expect(strip(scale, NaN, [0.8, 0.9], 'after', 'unknown').markup).not.toContain('circle')
})
