/** Per-value figures of one field: precision, recall, F1, rows, and who is taken for whom. */
import type { ClassScore, FieldDetail } from '../core/report-data.ts'

/** Stands in the confusion matrix for an answer that failed or was not valid. */
export const NO_ANSWER = '(no answer)'

/**
 * Figures of one field from expected and answered values as JSON texts, row by row; `null` where there was no valid
 * answer. Values are in order of expected rows, most frequent first, then values that were only ever answered.
 * Precision is null for a value that was never answered, recall for one that was never expected, F1 for neither.
 */
export function classifyField(
  path: string,
  expected: readonly string[],
  answered: readonly (string | null)[],
): FieldDetail {
  const columns = answered.map((value) => value ?? NO_ANSWER)
  const values = valuesByFrequency(expected, columns)
  const place = new Map(values.map((value, index) => [value, index]))
  const counts = values.map(() => values.map(() => 0))
  for (const [row, value] of expected.entries()) {
    counts[place.get(value) ?? 0][place.get(columns[row]) ?? 0]++
  }
  const classes = values
    .map((value, index) => classScore(value, index, counts))
    .filter((score) => score.value !== NO_ANSWER)
  return { path, classes, confusion: { values, counts } }
}

function valuesByFrequency(expected: readonly string[], answered: readonly string[]): string[] {
  const rows = new Map<string, number>()
  for (const value of answered) rows.set(value, 0)
  for (const value of expected) rows.set(value, (rows.get(value) ?? 0) + 1)
  const rank = ([value, count]: [string, number]): number => (value === NO_ANSWER ? -1 : count)
  return [...rows].sort((a, b) => rank(b) - rank(a) || (a[0] < b[0] ? -1 : 1)).map(([value]) => value)
}

function classScore(value: string, index: number, counts: readonly (readonly number[])[]): ClassScore {
  const right = counts[index][index]
  const rows = counts[index].reduce((sum, count) => sum + count, 0)
  const answered = counts.reduce((sum, row) => sum + row[index], 0)
  return {
    value,
    rows,
    precision: answered === 0 ? null : right / answered,
    recall: rows === 0 ? null : right / rows,
    f1: rows + answered === 0 ? null : (2 * right) / (rows + answered),
  }
}
