/** Guesses a task's output from training outputs, for tasks that come without a schema. */
import { isJsonObject, type Json, type JsonObject } from './json.ts'
import { createQuoteFinder } from './quoted.ts'
import type { TaskOutput } from './task.ts'

/** Share of the non-null strings that must be quoted from their inputs. */
const quotedShare = 0.98

/** A value with the input it was given for. */
interface Sample {
  readonly value: Json
  readonly isQuoted: (quote: string) => boolean
}

/**
 * The output that `outputs[i]`, given for `inputs[i]`, have in common: labels where all are strings of few
 * values, text where they are many, else a JSON Schema. Strings quoted from their inputs get `"x-quoted"`,
 * few values an enum; a key that is absent anywhere is not required. What was never seen is not ruled out:
 * further keys stay allowed, and only numbers of few values get bounds.
 */
export function inferOutput(outputs: readonly Json[], inputs: readonly string[]): TaskOutput {
  if (outputs.length > 0 && outputs.every((output) => typeof output === 'string')) {
    const labels = [...new Set(outputs.map((output) => output.trim()))].sort()
    const usable = fewValues(outputs) && labels.every((label) => label !== '')
    return usable ? { kind: 'labels', labels } : { kind: 'text' }
  }
  const samples = outputs.map((value, index) => ({ value, isQuoted: createQuoteFinder(inputs[index] ?? '') }))
  return { kind: 'json', schema: inferValue(samples) }
}

/**
 * True where strings look like answers from a closed list: each comes twice on average, or they look like
 * labels (short) and repeat at least a little, or like identifiers ("plan_change") and repeat at all.
 */
export function fewValues(values: readonly string[]): boolean {
  const distinct = [...new Set(values)]
  if (distinct.length > 1000) return false
  if (distinct.length * 2 <= values.length) return true
  if (distinct.every((value) => /^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$/u.test(value))) {
    return distinct.length < values.length
  }
  const short = distinct.every((value) => value.length <= 40 && value.split(/\s+/u).length <= 4)
  return short && distinct.length * 4 <= values.length * 3
}

function inferValue(samples: readonly Sample[]): JsonObject {
  const present = samples.filter(({ value }) => value !== null)
  const nullable = present.length < samples.length
  if (present.length === 0) return {}
  if (present.every(({ value }) => typeof value === 'boolean')) return typed('boolean', nullable)
  if (present.every(({ value }) => typeof value === 'string')) return inferString(present, nullable)
  if (present.every(({ value }) => typeof value === 'number')) return inferNumber(present, nullable)
  if (present.every(({ value }) => Array.isArray(value))) return inferArray(present, nullable)
  if (present.every(({ value }) => isJsonObject(value))) return inferObject(present, nullable)
  return {}
}

function inferString(present: readonly Sample[], nullable: boolean): JsonObject {
  if (mostlyQuoted(present)) return { type: ['string', 'null'], 'x-quoted': true }
  const values = present.map(({ value }) => value as string)
  if (!fewValues(values)) return typed('string', nullable)
  return { enum: [...[...new Set(values)].sort(), ...(nullable ? [null] : [])] }
}

/** Empty strings say nothing either way: some data says "" for null. */
function mostlyQuoted(samples: readonly Sample[]): boolean {
  const strings = samples.filter(({ value }) => value !== '')
  const quoted = strings.filter(({ value, isQuoted }) => isQuoted(value as string)).length
  return quoted > 0 && quoted >= quotedShare * strings.length
}

function inferNumber(present: readonly Sample[], nullable: boolean): JsonObject {
  const values = present.map(({ value }) => value as number)
  const type = typed(values.every(Number.isSafeInteger) ? 'integer' : 'number', nullable)
  const distinct = [...new Set(values)].sort((a, b) => a - b)
  const few = distinct.length <= 20 && distinct.length * 3 <= values.length
  return few ? { ...type, minimum: distinct[0], maximum: distinct[distinct.length - 1] } : type
}

function inferArray(present: readonly Sample[], nullable: boolean): JsonObject {
  const items = present.flatMap(({ value, isQuoted }) =>
    (value as readonly Json[]).map((item) => ({ value: item, isQuoted })),
  )
  const type = typed('array', nullable)
  if (items.length === 0) return type
  if (!items.every(({ value }) => typeof value === 'string')) return { ...type, items: inferValue(items) }
  if (mostlyQuoted(items)) return { ...type, items: { type: 'string' }, 'x-quoted': true }
  const values = items.map(({ value }) => value as string)
  if (!fewValues(values)) return { ...type, items: { type: 'string' } }
  return { ...type, items: { enum: [...new Set(values)].sort() } }
}

/** Keys in the order in which they are first seen. */
function inferObject(present: readonly Sample[], nullable: boolean): JsonObject {
  const keys = [...new Set(present.flatMap(({ value }) => Object.keys(value as JsonObject)))]
  const required: string[] = []
  const properties = keys.map((key): [string, JsonObject] => {
    const holders = present.filter(({ value }) => Object.hasOwn(value as JsonObject, key))
    if (holders.length === present.length) required.push(key)
    return [
      key,
      inferValue(holders.map((sample) => ({ ...sample, value: (sample.value as JsonObject)[key] }))),
    ]
  })
  return { ...typed('object', nullable), properties: Object.fromEntries(properties), required }
}

function typed(type: string, nullable: boolean): JsonObject {
  return { type: nullable ? [type, 'null'] : type }
}
