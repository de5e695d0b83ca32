/** What the training examples say at one place of the output, and what follows from that. */
import { canonicalJson, isJsonObject, valueAt, type Json } from '../../core/json.ts'
import { createQuoteFinder } from '../../core/quoted.ts'
import type { Say } from './runtime/answer.js'

export interface Column {
  readonly inputs: readonly string[]
  /** undefined where the key is absent. */
  readonly values: readonly (Json | undefined)[]
  /** Rows left out because an object around the place is null or absent: they say nothing about it. */
  readonly unreached: number
}

export interface CountedValue {
  readonly value: Json
  readonly count: number
}

/** The column of whole outputs; inputs[i] is what output i answers, where that matters. */
export function outputColumn(outputs: readonly Json[], inputs: readonly string[] = []): Column {
  return { inputs, values: outputs, unreached: 0 }
}

/** The column of one key of the objects in a column. */
export function childColumn(column: Column, key: string): Column {
  const rows = column.values.map((_, row) => row).filter((row) => isJsonObject(column.values[row]))
  return {
    inputs: rows.map((row) => column.inputs[row]),
    values: rows.map((row) => valueAt(column.values[row], [key])),
    unreached: column.unreached + column.values.length - rows.length,
  }
}

export function isNothing(value: Json | undefined): boolean {
  return value === undefined || value === null
}

/**
 * How to say that there is nothing: null or no key, whichever the examples prefer, or the empty string or
 * list where they say that instead; what the schema allows where they never say it; null where it cannot be said.
 */
export function sayNothing(place: { nullable: boolean; optional: boolean }, column: Column): Say | null {
  const absent = column.values.filter((value) => value === undefined).length
  const nulls = column.values.filter((value) => value === null).length
  if (nulls > 0 && nulls >= absent) return { value: null }
  if (absent > 0) return {}
  const blank = column.values.find((value) => value === '' || (Array.isArray(value) && value.length === 0))
  if (blank !== undefined) return { value: blank }
  if (place.nullable) return { value: null }
  return place.optional ? {} : null
}

/** The values that are not nothing, most frequent first, equals in the order of their texts. */
export function countValues(column: Column): readonly CountedValue[] {
  const counts = new Map<string, CountedValue>()
  for (const value of column.values) {
    if (value === undefined || value === null) continue
    const text = canonicalJson(value)
    counts.set(text, { value: counts.get(text)?.value ?? value, count: (counts.get(text)?.count ?? 0) + 1 })
  }
  const sorted = [...counts].sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1))
  return sorted.map(([, counted]) => counted)
}

/** Share of the strings at a place, in lists too, that are quoted from their inputs; 0 where there are none. */
export function quotedShare(column: Column): number {
  let all = 0
  let quoted = 0
  column.values.forEach((value, row) => {
    const strings = stringsIn(value)
    if (strings.length === 0) return
    all += strings.length
    quoted += strings.filter(createQuoteFinder(column.inputs[row])).length
  })
  return all === 0 ? 0 : quoted / all
}

/** The string, or the strings of the list, that are not empty. */
export function stringsIn(value: Json | undefined): readonly string[] {
  const list: readonly Json[] = Array.isArray(value) ? value : value === undefined ? [] : [value]
  return list.filter((item) => typeof item === 'string' && item !== '') as string[]
}

/** The distinct strings of lists, in the order in which the lists tend to hold them. */
export function orderItems(column: Column): readonly string[] {
  const places = new Map<string, { sum: number; count: number }>()
  for (const value of column.values) {
    const list = stringsIn(value)
    list.forEach((item, index) => {
      const { sum, count } = places.get(item) ?? { sum: 0, count: 0 }
      places.set(item, { sum: sum + (index + 1) / (list.length + 1), count: count + 1 })
    })
  }
  const mean = ({ sum, count }: { sum: number; count: number }): number => sum / count
  return [...places].sort(([a, x], [b, y]) => mean(x) - mean(y) || (a < b ? -1 : 1)).map(([item]) => item)
}
