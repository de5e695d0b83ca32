/**
 * Every number and value of the report as text, in one place. What is null or not a number is "–".
 * Figures and their units are held together by a no-break space; `withPlainSpaces` undoes that.
 */
import { isJsonObject } from '../../core/json.ts'
import type { Json } from '../../core/json.ts'
import type { Interval } from '../../core/measure.ts'

export const nothing = '–'
const gap = '\u00a0'

type Figure = number | null | undefined

function known(value: Figure): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** Fixed decimals with thousands separated, a true minus sign, and no negative zero. */
function fixed(value: number, decimals: number): string {
  const text = Math.abs(value).toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  })
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text
}

/** A share 0..1 as "97.9 %". */
export function percent(share: Figure): string {
  return known(share) ? `${fixed(share * 100, 1)}${gap}%` : nothing
}

/** A share 0..1 as a whole per cent, for axes and running text. */
export function roundPercent(share: Figure): string {
  return known(share) ? `${fixed(share * 100, 0)}${gap}%` : nothing
}

/** An interval of shares as "97.2 – 98.5 %". */
export function percentRange(interval: Interval): string {
  const [low, high] = interval
  if (!known(low) || !known(high)) return nothing
  return `${fixed(low * 100, 1)}${gap}–${gap}${fixed(high * 100, 1)}${gap}%`
}

/** A difference of shares as "+3.1", "−1.2" or "0.0" points. */
export function signedPoints(difference: Figure): string {
  if (!known(difference)) return nothing
  const text = fixed(difference * 100, 1)
  return difference > 0 && /[1-9]/.test(text) ? `+${text}` : text
}

/** "1 point", "2 points", "2.5 points": a number of points as it stands in the config. */
export function pointsOf(points: Figure): string {
  if (!known(points)) return nothing
  const text = points.toLocaleString('en-US', { maximumFractionDigits: 2 })
  return `${text}${gap}${text === '1' ? 'point' : 'points'}`
}

/** An interval of differences as "+1.9 to +4.3 points". */
export function pointsRange(interval: Interval): string {
  if (!known(interval[0]) || !known(interval[1])) return nothing
  return `${signedPoints(interval[0])} to ${signedPoints(interval[1])}${gap}points`
}

/** US dollars with as many digits as tell something: "$1,240", "$6.21", "$0.042", "$0.00031". */
export function usd(amount: Figure): string {
  if (!known(amount)) return nothing
  const size = Math.abs(amount)
  if (size === 0) return '$0'
  if (size < 1e-6) return 'under $0.000001'
  const sign = amount < 0 ? '−' : ''
  if (size >= 1000) return `${sign}$${fixed(size, 0)}`
  if (size >= 0.1) return `${sign}$${fixed(size, 2)}`
  const decimals = Math.min(8, 1 - Math.floor(Math.log10(size)))
  return `${sign}$${trimZeros(size.toFixed(decimals))}`
}

function trimZeros(text: string): string {
  return text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')
}

/** Milliseconds as "180 µs", "1.2 ms", "124 ms" or "1.24 s". */
export function duration(milliseconds: Figure): string {
  if (!known(milliseconds)) return nothing
  if (milliseconds <= 0) return `0${gap}ms`
  if (milliseconds < 0.0005) return `<1${gap}µs`
  if (milliseconds < 0.9995) return `${fixed(milliseconds * 1000, milliseconds < 0.01 ? 1 : 0)}${gap}µs`
  if (milliseconds < 9.95) return `${fixed(milliseconds, 1)}${gap}ms`
  if (milliseconds < 999.5) return `${fixed(milliseconds, 0)}${gap}ms`
  return `${fixed(milliseconds / 1000, 2)}${gap}s`
}

/** A stretch of time as "8.4 s", "2 min 5 s" or "1 h 4 min". */
export function elapsed(seconds: Figure): string {
  if (!known(seconds)) return nothing
  if (seconds < 59.95) return `${fixed(Math.max(0, seconds), 1)}${gap}s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)}${gap}min ${whole % 60}${gap}s`
  const minutes = Math.round(seconds / 60)
  return `${fixed(Math.floor(minutes / 60), 0)}${gap}h ${minutes % 60}${gap}min`
}

export function bytes(size: Figure): string {
  if (!known(size)) return nothing
  if (size < 1000) return `${fixed(size, 0)}${gap}B`
  if (size < 999_500) return `${fixed(size / 1e3, 0)}${gap}kB`
  if (size < 999_950_000) return `${fixed(size / 1e6, 1)}${gap}MB`
  return `${fixed(size / 1e9, 1)}${gap}GB`
}

export function count(value: Figure): string {
  return known(value) ? fixed(Math.round(value), 0) : nothing
}

/** "1 row", "200 rows", "no rows" where `none` says so. */
export function countOf(value: Figure, one: string, many = `${one}s`): string {
  return `${count(value)}${gap}${value === 1 ? one : many}`
}

/** A plain number with three significant digits: losses, temperatures, similarities. */
export function decimal(value: Figure): string {
  if (!known(value)) return nothing
  if (value === 0 || Object.is(value, -0)) return '0'
  if (Math.abs(value) < 1e-4) return value.toExponential(1).replace('.0e', 'e').replaceAll('-', '−')
  return Math.abs(value) >= 1000 ? fixed(value, 0) : String(Number(value.toPrecision(3))).replace('-', '−')
}

/** A loss with three decimals, so that a column of them aligns. */
export function loss(value: Figure): string {
  if (!known(value)) return nothing
  return value > 0 && value < 0.0005 ? '<0.001' : fixed(value, 3)
}

/** "p = 0.031", "p < 0.001". */
export function pValue(value: Figure): string {
  if (!known(value)) return `p${gap}=${gap}${nothing}`
  return value < 0.001 ? `p${gap}<${gap}0.001` : `p${gap}=${gap}${Math.min(1, value).toFixed(3)}`
}

/** "9.4 times", with no digit that says nothing. */
export function times(ratio: Figure): string {
  if (!known(ratio)) return nothing
  const text = ratio < 9.95 ? fixed(ratio, 1) : fixed(Number(ratio.toPrecision(2)), 0)
  return `${text}${gap}times`
}

/** "2026-11-25 03:10 UTC" from an ISO date; whatever else it is stays as it is. */
export function moment(iso: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(iso)
  return match !== null && iso.endsWith('Z') ? `${match[1]} ${match[2]} UTC` : iso
}

/** The same to the second, for a list of what happened. */
export function instant(iso: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(iso)
  return match !== null && iso.endsWith('Z') ? `${match[1]} ${match[2]} UTC` : iso
}

/** A JSON value for reading: strings bare, unless they could be taken for another value. */
export function valueText(value: Json | undefined): string {
  if (value === undefined) return '(missing)'
  if (typeof value !== 'string') return JSON.stringify(value)
  const ambiguous = value.trim() === '' || /^(null|true|false|-?\d+(\.\d+)?|\(missing\))$/.test(value.trim())
  return ambiguous ? JSON.stringify(value) : value
}

/** A setting or a figure of any shape on one line: "intent 0.62, product 0.55". */
export function settingText(value: Json): string {
  if (typeof value === 'number') return Number.isInteger(value) ? count(value) : decimal(value)
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.map(settingText).join(', ')
  if (isJsonObject(value)) {
    const entries = Object.entries(value).map(([key, item]) => `${key} ${settingText(item)}`)
    return entries.length === 0 ? '(none)' : entries.join(', ')
  }
  return valueText(value)
}

/** A value from JSON text, as class names come, for reading; text that is not JSON stays as it is. */
export function classText(json: string): string {
  try {
    return valueText(JSON.parse(json) as Json)
  } catch {
    return json
  }
}

export function shorten(text: string, length: number): string {
  const characters = Array.from(text)
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** For terminals and Markdown, where a no-break space is a nuisance. */
export function withPlainSpaces(text: string): string {
  return text.replaceAll(gap, ' ')
}
