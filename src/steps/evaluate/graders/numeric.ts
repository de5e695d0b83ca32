/** Passes when a number is within a tolerance of the expected one. */
import type { Json } from '../../../core/json.ts'
import { binaryGrade, part, type GraderFactory } from './grader-factory.ts'

export const numeric: GraderFactory<'numeric'> = (config) => ({
  name: config.name ?? `numeric ${config.path ?? ''}`.trim(),
  async grade(row, answer) {
    const wanted = asNumber(part(row.expected, config.path))
    if (wanted === undefined) return { error: 'the expected value is not a number' }
    const got = asNumber(part(answer.value, config.path))
    const allowed = config.relative ? Math.abs(wanted) * config.tolerance : config.tolerance
    const passed = got !== undefined && Math.abs(got - wanted) <= allowed
    return binaryGrade(passed, `within ${allowed} of ${wanted}`)
  },
})

function asNumber(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}
