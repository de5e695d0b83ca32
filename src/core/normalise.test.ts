import { array, assert, integer, property } from 'fast-check'
import { expect, it } from 'vitest'
import { normaliseText } from './normalise.ts'

it('makes white space of every kind one space and trims', () => {
  expect(normaliseText('  a\t\r\n b\u00a0\u2003c\u2028\ufeff')).toBe('a b c')
})

it('brings composed and decomposed letters together', () => {
  expect(normaliseText('cafe\u0301')).toBe(normaliseText('caf\u00e9'))
})

it('keeps case, punctuation and look-alikes apart', () => {
  expect(normaliseText('Is it? \u2460')).toBe('Is it? \u2460')
})

it('changes nothing the second time', () => {
  assert(
    property(array(integer({ min: 0, max: 0xffff })), (units) => {
      const once = normaliseText(String.fromCharCode(...units))
      expect(normaliseText(once)).toBe(once)
    }),
  )
})
