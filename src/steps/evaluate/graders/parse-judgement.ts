/** Reads what graders give back: a judge model's reply, a function's return value. */
import { isJsonObject, type Json } from '../../../core/json.ts'

/** undefined for what is no JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** How judges name their result; the first is what they are asked for. */
const resultKeys = ['result', 'score', 'label', 'grade', 'rating'] as const

/**
 * The score in a judge's reply: under `result` of a JSON object, as a text that is a number (`4`, `4/5`), else the number
 * after a word such as "score". null where there is none, or where there are several that differ.
 */
export function readScore(reply: string): number | null {
  const value = resultOf(reply)
  if (value !== undefined) return typeof value === 'string' ? (numberIn(value) ?? null) : asNumber(value)
  const alone = numberIn(reply)
  if (alone !== undefined) return alone
  const pattern = /\b(?:result|score|grade|rating)\b["*_\s]*(?:is|of|:|=)?["*_\s]*(-?\d+(?:\.\d+)?)/giu
  const named = [...reply.matchAll(pattern)].map(([, number]) => Number(number))
  return new Set(named).size === 1 ? named[0] : null
}

/** The label in a judge's reply: under `result`, or the reply itself, whatever the case; null where it is none of them. */
export function readLabel(reply: string, labels: readonly string[]): string | null {
  const value = resultOf(reply)
  const named = typeof value === 'string' ? value : reply
  const plain = (text: string): string =>
    text
      .trim()
      .replaceAll(/^["'`*]+|["'`*.]+$/gu, '')
      .toLowerCase()
  const exact = labels.find((label) => label === named.trim())
  if (exact !== undefined || named.length > longestLabel) return exact ?? null
  return labels.find((label) => plain(label) === plain(named)) ?? null
}

/** What is longer is prose, and no label with quotes around it. */
const longestLabel = 500

/** Why the judge decided so, where it says. */
export function readReason(reply: string): string {
  const object = objectIn(reply)
  const said = object?.reasoning ?? object?.reason ?? object?.explanation
  return typeof said === 'string' ? said : reply.trim()
}

/** true, false, a number, or an object with `score` and `reason`, as a grader function may return it. */
export function readReturned(value: Json): { readonly score: number; readonly reason?: string } | null {
  if (typeof value === 'boolean') return { score: value ? 1 : 0 }
  if (typeof value === 'number') return { score: value }
  if (!isJsonObject(value) || value.score === undefined || isJsonObject(value.score)) return null
  const inner = readReturned(value.score)
  const { reason } = value
  return inner === null || typeof reason !== 'string' ? inner : { ...inner, reason }
}

function resultOf(reply: string): Json | undefined {
  const object = objectIn(reply)
  const key = resultKeys.find((name) => object?.[name] !== undefined)
  return key === undefined ? undefined : object?.[key]
}

/** The reply as an object, or the last one in it, a code fence or words around it. */
function objectIn(reply: string): { readonly [key: string]: Json } | undefined {
  const whole = parseJson(reply)
  if (isJsonObject(whole)) return whole
  const end = reply.lastIndexOf('}')
  const starts = [...reply.slice(0, Math.max(end, 0)).matchAll(/\{/gu)].map(({ index }) => index)
  return starts
    .slice(-mostBraces)
    .map((start) => parseJson(reply.slice(start, end + 1)))
    .find(isJsonObject)
}

/** So many places at most are tried for the beginning of an object. */
const mostBraces = 20

function asNumber(value: Json): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** "0.8", "**4**", "4/5": the first number of what is nothing but a number. */
function numberIn(text: string): number | undefined {
  const match = /^["'`*\s]*(-?\d+(?:\.\d+)?)(?:\s*(?:\/|out of)\s*\d+(?:\.\d+)?)?["'`*.\s]*$/iu.exec(text)
  return match === null ? undefined : Number(match[1])
}
