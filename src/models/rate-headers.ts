/** What a reply's headers say of rate limits. Every provider has its own way; what cannot be read is ignored. */

export type Headers = Readonly<Record<string, string | string[] | undefined>>

/** A hint in headers, unlike a plain Retry-After, never stops the traffic for longer than this. */
const longestPauseMs = 60_000

/** Milliseconds to wait, from `retry-after-ms` or `retry-after` in seconds or as an HTTP date; undefined without. */
export function retryAfterMs(headers: Headers, nowUnixMs: number): number | undefined {
  const milliseconds = readNumber(headers['retry-after-ms'])
  if (milliseconds !== undefined) return milliseconds
  const text = single(headers['retry-after'])
  const seconds = readNumber(text)
  if (seconds !== undefined) return seconds * 1000
  const date = text !== undefined && /[a-z]/i.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowUnixMs)
}

/** Milliseconds until requests or tokens are left again; undefined while some are. */
export function exhaustedMs(headers: Headers): number | undefined {
  const waits = units.flatMap(({ remaining, reset }) => {
    const wait = readNumber(headers[remaining]) === 0 ? durationMs(single(headers[reset])) : undefined
    return wait === undefined ? [] : [Math.min(wait, longestPauseMs)]
  })
  return waits.length === 0 ? undefined : Math.max(...waits)
}

const units = ['requests', 'tokens'].map((unit) => ({
  remaining: `x-ratelimit-remaining-${unit}`,
  reset: `x-ratelimit-reset-${unit}`,
}))

/** "20ms", "1s", "6m0s", "1h2m3.5s" or plain seconds, in milliseconds. */
export function durationMs(text: string | undefined): number | undefined {
  const seconds = readNumber(text)
  if (seconds !== undefined) return seconds * 1000
  if (text === undefined || !/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit],
    0,
  )
}

function single(value: string | string[] | undefined): string | undefined {
  return (Array.isArray(value) ? value[0] : value)?.trim()
}

/** A plain decimal number that is not negative. */
function readNumber(value: string | string[] | undefined): number | undefined {
  const text = single(value)
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined
}
