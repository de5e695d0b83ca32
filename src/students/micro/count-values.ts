/** Counts the distinct values of a field. */
import { canonicalJson, type Json } from '../../core/json.ts'

/** The distinct values of a list as JSON text, most frequent first, equals in text order. */
export function countValues(
  values: readonly Json[],
): readonly { value: Json; text: string; count: number }[] {
  const counts = new Map<string, { value: Json; text: string; count: number }>()
  for (const value of values) {
    const text = canonicalJson(value)
    const entry = counts.get(text) ?? { value, text, count: 0 }
    counts.set(text, { ...entry, count: entry.count + 1 })
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1))
}
