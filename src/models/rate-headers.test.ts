import { describe, expect, it } from 'vitest'
import { durationMs, exhaustedMs, retryAfterMs } from './rate-headers.ts'

const now = Date.parse('2026-11-25T12:00:00Z')

describe('retryAfterMs', () => {
  it.each([
    [{ 'retry-after': '3' }, 3000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'Wed, 25 Nov 2026 12:00:07 GMT' }, 7000],
    [{ 'retry-after': 'Wed, 25 Nov 2026 11:59:00 GMT' }, 0],
    [{ 'retry-after': '3', 'retry-after-ms': '250' }, 250],
    [{ 'retry-after': ['2', '9'] }, 2000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{}, undefined],
  ])('reads %j', (headers, expected) => {
    expect(retryAfterMs(headers, now)).toBe(expected)
  })
})

describe('durationMs', () => {
  it.each([
    ['20ms', 20],
    ['1s', 1000],
    ['6m0s', 360_000],
    ['1h2m3.5s', 3_723_500],
    ['2m59.56s', 179_560],
    ['7', 7000],
    ['tomorrow', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j', (text, expected) => {
    expect(durationMs(text)).toBe(expected)
  })
})

describe('exhaustedMs', () => {
  const requests = (remaining: string, reset: string) => ({
    'x-ratelimit-remaining-requests': remaining,
    'x-ratelimit-reset-requests': reset,
  })

  it('waits for whichever is used up, the longer one of two', () => {
    expect(exhaustedMs(requests('0', '1s'))).toBe(1000)
    const both = {
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '6s',
      ...requests('0', '1s'),
    }
    expect(exhaustedMs(both)).toBe(6000)
  })

  it('does not wait while something is left, or where the headers make no sense', () => {
    expect(exhaustedMs(requests('1', '1s'))).toBeUndefined()
    expect(exhaustedMs(requests('0', 'never'))).toBeUndefined()
    expect(exhaustedMs({})).toBeUndefined()
  })

  it('never waits longer than a minute for a header', () => {
    expect(exhaustedMs(requests('0', '23h59m'))).toBe(60_000)
  })
})
