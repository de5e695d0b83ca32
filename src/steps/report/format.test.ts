import { describe, expect, it } from 'vitest'
import {
  bytes,
  classText,
  count,
  countOf,
  decimal,
  duration,
  elapsed,
  instant,
  loss,
  moment,
  percent,
  percentRange,
  pointsOf,
  pointsRange,
  pValue,
  settingText,
  shorten,
  signedPoints,
  times,
  usd,
  valueText,
  withPlainSpaces,
} from './format.ts'

const plain = withPlainSpaces

describe('figures', () => {
  it('write a share with one decimal and a unit that cannot be torn off', () => {
    expect(percent(0.9786)).toBe('97.9\u00a0%')
    expect(plain(percentRange([0.972, 1]))).toBe('97.2 – 100.0 %')
  })

  it('know no negative zero', () => {
    expect(signedPoints(-0.0004)).toBe('0.0')
    expect(signedPoints(0.0004)).toBe('0.0')
    expect(plain(percent(-0))).toBe('0.0 %')
    expect(decimal(-0)).toBe('0')
  })

  it('say a dash for what is null, missing or not a number', () => {
    for (const value of [null, undefined, NaN, Infinity]) {
      for (const write of [
        percent,
        signedPoints,
        usd,
        duration,
        elapsed,
        bytes,
        count,
        decimal,
        loss,
        times,
      ]) {
        expect(write(value)).toBe('–')
      }
    }
    expect(percentRange([NaN, 1])).toBe('–')
  })

  it('write differences with a sign', () => {
    expect(signedPoints(0.031)).toBe('+3.1')
    expect(plain(pointsRange([-0.012, 0.043]))).toBe('−1.2 to +4.3 points')
    expect(plain(pointsOf(1))).toBe('1 point')
    expect(plain(pointsOf(2.5))).toBe('2.5 points')
  })

  it('write dollars with the digits that tell something', () => {
    const amounts = [0, 1240.4, 6.214, 0.5, 0.0421, 0.0023, 0.000312, 0.0000004, -0.2]
    expect(amounts.map(usd)).toEqual([
      '$0',
      '$1,240',
      '$6.21',
      '$0.50',
      '$0.042',
      '$0.0023',
      '$0.00031',
      'under $0.000001',
      '−$0.20',
    ])
  })

  it('choose the unit of a time by its size, also at the borders', () => {
    const written = [0.0002, 0.0042, 0.18, 0.9996, 1.24, 9.96, 123.6, 999.6, 1240].map((ms) =>
      plain(duration(ms)),
    )
    expect(written).toEqual([
      '<1 µs',
      '4.2 µs',
      '180 µs',
      '1.0 ms',
      '1.2 ms',
      '10 ms',
      '124 ms',
      '1.00 s',
      '1.24 s',
    ])
    expect([8.44, 59.96, 125, 3599.7, 3840].map((seconds) => plain(elapsed(seconds)))).toEqual([
      '8.4 s',
      '1 min 0 s',
      '2 min 5 s',
      '1 h 0 min',
      '1 h 4 min',
    ])
  })

  it('write losses and settings of any size', () => {
    expect([1.76, 0.0000046, 0, -0.2].map(loss)).toEqual(['1.760', '<0.001', '0.000', '−0.200'])
    expect([0.912, 1240.6, 0.0000046, 0.000001].map(decimal)).toEqual(['0.912', '1,241', '4.6e−6', '1e−6'])
  })

  it('separate thousands and agree with one', () => {
    expect(count(10003)).toBe('10,003')
    expect(plain(countOf(1, 'row'))).toBe('1 row')
    expect(plain(countOf(0, 'row'))).toBe('0 rows')
    expect([999, 4130, 4_130_000].map((size) => plain(bytes(size)))).toEqual(['999 B', '4 kB', '4.1 MB'])
  })

  it('write ratios, p-values and moments', () => {
    expect([9.42, 13.6, 808].map((ratio) => plain(times(ratio)))).toEqual([
      '9.4 times',
      '14 times',
      '810 times',
    ])
    expect([0.0004, 0.0312, 1].map((value) => plain(pValue(value)))).toEqual([
      'p < 0.001',
      'p = 0.031',
      'p = 1.000',
    ])
    expect(moment('2026-11-25T03:10:40.502Z')).toBe('2026-11-25 03:10 UTC')
    expect(instant('2026-11-25T03:10:40.502Z')).toBe('2026-11-25 03:10:40 UTC')
    expect(moment('yesterday')).toBe('yesterday')
  })
})

describe('values', () => {
  it('are bare, unless a string could be taken for another value', () => {
    expect([null, true, 3, 'low', 'null', '3', ''].map(valueText)).toEqual([
      'null',
      'true',
      '3',
      'low',
      '"null"',
      '"3"',
      '""',
    ])
    expect(valueText(undefined)).toBe('(missing)')
  })

  it('are read from JSON text, and stay as they are when they are none', () => {
    expect(['"low"', 'null', '["a"]', 'not JSON'].map(classText)).toEqual([
      'low',
      'null',
      '["a"]',
      'not JSON',
    ])
  })

  it('stand on one line as settings', () => {
    expect(settingText({ epochs: 1500, rate: 0.001, blend: { intent: 0.62 }, parts: [] })).toBe(
      'epochs 1,500, rate 0.001, blend intent 0.62, parts (none)',
    )
  })

  it('are shortened by whole characters', () => {
    expect(shorten('😀😀😀', 2)).toBe('😀…')
    expect(shorten('short', 5)).toBe('short')
  })
})
