/** How the rows kept are spread over the values of each closed field. */
import type { ClassShare } from '../../core/curation.ts'
import { canonicalJson, valueAt, type Json, type JsonScalar } from '../../core/json.ts'
import type { OutputField, Task } from '../../core/task.ts'

/** Enums and booleans, most frequent value first; values that no row has are there with 0 rows. */
export function balanceOf(task: Task, outputs: readonly Json[]): readonly ClassShare[] {
  return task.fields
    .filter(({ kind }) => kind === 'enum' || kind === 'boolean')
    .map((field) => ({ path: field.path, values: countValues(field, outputs) }))
}

function countValues(field: OutputField, outputs: readonly Json[]): ClassShare['values'] {
  const counts = new Map(possibleValues(field).map((value) => [canonicalJson(value), 0]))
  for (const output of outputs) {
    const value = canonicalJson(valueAt(output, field.segments) ?? null)
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return [...counts].map(([value, rows]) => ({ value, rows })).sort((a, b) => b.rows - a.rows)
}

function possibleValues(field: OutputField): readonly JsonScalar[] {
  const values = field.kind === 'boolean' ? [true, false] : (field.values ?? [])
  return field.nullable ? [...values, null] : values
}
