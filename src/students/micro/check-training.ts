/** Says before training why the micro student cannot learn a task from these rows, or what that will be worth. */
import { invalidOutputs, oneOutput } from '../../core/check-examples.ts'
import { PotstillError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import { canonicalJson, valueAt } from '../../core/json.ts'
import type { Example } from '../../core/row.ts'
import type { Problem, TrainingData } from '../../core/student.ts'
import type { OutputField, Task } from '../../core/task.ts'
import { quotedShare } from './field-column.ts'
import { planFields } from './field-plan.ts'

/** Below this many rows none is held out. */
export const leastRowsToHoldOut = 10
const leastRowsPerValue = 5
const nearlyAlways = 0.95

/** Errors first. */
export function checkTraining(task: Task, { training, validation }: TrainingData): readonly Problem[] {
  if (training.length === 0) {
    return [{ level: 'error', text: 'There are no training rows.', hint: 'Ten are enough to begin with.' }]
  }
  const errors = [...invalidOutputs(task, [...training, ...validation]), ...unsupportedFields(task, training)]
  if (errors.length > 0) return errors
  return [
    ...fewRows(training, validation),
    ...oneOutput(training),
    ...task.fields.flatMap((field) => fieldWarnings(field, training)),
  ]
}

function unsupportedFields(task: Task, training: readonly Example[]): Problem[] {
  try {
    planFields(task, training)
    return []
  } catch (error) {
    if (!(error instanceof PotstillError) || error.code !== 'TASK_UNSUPPORTED') throw error
    return [{ level: 'error', text: `${error.message}.`, hint: error.hint }]
  }
}

function fewRows(training: readonly Example[], validation: readonly Example[]): Problem[] {
  if (training.length >= leastRowsToHoldOut || validation.length > 0) return []
  const text =
    `Only ${training.length} training rows: too few to hold any out, ` +
    'so nothing is tuned and the confidence of answers is a guess.'
  return [{ level: 'warning', text, hint: `${leastRowsToHoldOut} rows are enough to cross-validate.` }]
}

function fieldWarnings(field: OutputField, training: readonly Example[]): Problem[] {
  const values = training.map(({ output }) => valueAt(output, field.segments))
  if (field.quoted) return seldomQuoted(field, training, values)
  const counts = new Map<string, number>()
  for (const value of values) {
    const text = canonicalJson(value ?? null)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  if (field.kind !== 'enum' && field.kind !== 'boolean') return []
  return [
    ...nearConstant(field, counts, training.length),
    ...unseen(field, counts),
    ...rare(field, counts, training.length),
  ]
}

function nearConstant(field: OutputField, counts: ReadonlyMap<string, number>, rows: number): Problem[] {
  const [value, count] = [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most))
  if (counts.size === 1 || rows < leastRowsToHoldOut || count < nearlyAlways * rows) return []
  const share = Math.round((100 * count) / rows)
  const text = `Field "${field.path}" is ${value} in ${share} % of the rows: always saying so would be right as often.`
  return [{ level: 'warning', text }]
}

function unseen(field: OutputField, counts: ReadonlyMap<string, number>): Problem[] {
  const missing = (field.values ?? []).map(canonicalJson).filter((value) => !counts.has(value))
  if (missing.length === 0) return []
  const text = `Field "${field.path}": no row has ${listed(missing)}, so the student can never answer that.`
  return [{ level: 'warning', text }]
}

function rare(field: OutputField, counts: ReadonlyMap<string, number>, rows: number): Problem[] {
  const few = [...counts].filter(([, count]) => count < leastRowsPerValue).map(([value]) => value)
  if (few.length === 0 || rows < leastRowsToHoldOut) return []
  const text =
    `Field "${field.path}": fewer than ${leastRowsPerValue} rows have ${listed(few.sort())}; ` +
    'what the student says there is little more than a guess.'
  return [{ level: 'warning', text }]
}

function seldomQuoted(
  field: OutputField,
  training: readonly Example[],
  values: readonly (Json | undefined)[],
): Problem[] {
  const inputs = training.map(({ row }) => row.input)
  const present = values.filter((value) => value !== undefined && value !== null).length
  const share = quotedShare({ inputs, values, unreached: 0 })
  if (present === 0 || share >= 0.9) return []
  const text = `Field "${field.path}": only ${Math.round(100 * share)} % of its texts are quoted word for word from their inputs.`
  return [{ level: 'warning', text, hint: 'The others cannot be learned.' }]
}

function listed(values: readonly string[]): string {
  const shown = values.slice(0, 5).join(', ')
  return values.length > 5 ? `${shown} and ${values.length - 5} more` : shown
}
