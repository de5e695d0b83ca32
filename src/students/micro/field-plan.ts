/** Decides how each field of a task is answered: as classes, as quoted spans, as a number read from one, or always the same. */
import { PotstillError } from '../../core/errors.ts'
import { fewValues } from '../../core/infer-schema.ts'
import type { Json } from '../../core/json.ts'
import { outputTree } from '../../core/output-fields.ts'
import type { Example } from '../../core/row.ts'
import type { FieldNode, ObjectNode, SchemaNode } from '../../core/schema-tree.ts'
import type { OutputField, Task } from '../../core/task.ts'
import {
  childColumn,
  countValues,
  isNothing,
  orderItems,
  quotedShare,
  outputColumn,
  sayNothing,
  stringsIn,
  type Column,
} from './field-column.ts'
import { limitsOf } from './limits.ts'
import { findNumbers, fitsString, readNumber } from './runtime/answer.js'
import type { AnswerPlan, Limits, PlanNode, Say } from './runtime/answer.js'

/** Share of the non-null training values that must be found in the input for a field to count as quoted. */
const leastQuotedShare = 0.95
/** The same for numbers, some of which are said in words. */
const leastNumberShare = 0.8
/** A number of more values than this is read from the input where it stands there. */
const fewNumbers = 12
/** A number that does not stand in the input is answered by at most so many values; the nearest counts. */
const mostNumbers = 64

/**
 * The plan for a task, from its schema and the training examples; the order of keys in outputs does not
 * matter. Only values that occur are ever answered. Throws TASK_UNSUPPORTED for a field that takes free text.
 */
export function planFields(task: Task, examples: readonly Example[]): AnswerPlan {
  const column = outputColumn(
    examples.map((example) => example.output),
    examples.map((example) => example.row.input),
  )
  return { root: planNode(outputTree(task.output), column), confidencePower: 1 }
}

function planNode(node: SchemaNode, column: Column): PlanNode {
  return node.kind === 'object' ? planObject(node, column) : planField(node, column)
}

function planObject(node: ObjectNode, column: Column): PlanNode {
  const missing = column.values.filter(isNothing).length
  const empty = sayNothing(node, column) ?? {}
  if (missing === column.values.length) return constant(node.path, empty, column)
  const children = node.children.map((child) => {
    const segments = child.kind === 'object' ? child.segments : child.field.segments
    const key = segments[segments.length - 1]
    return { key, node: planNode(child, childColumn(column, key)) }
  })
  return { kind: 'object', path: node.path, presence: missing > 0 ? `?${node.path}` : null, empty, children }
}

function planField(node: FieldNode, column: Column): PlanNode {
  const { field } = node
  if (column.values.every(isNothing)) return constant(field.path, sayNothing(field, column) ?? {}, column)
  switch (field.kind) {
    case 'enum':
    case 'boolean':
      return planHead(field, column)
    case 'number':
      return planNumber(node, column)
    case 'string':
      return planString(node, column)
    case 'strings':
      return planList(node, column)
    default:
      return planJson(field, column)
  }
}

function planString(node: FieldNode, column: Column): PlanNode {
  const { field } = node
  const strings = column.values.filter((value) => typeof value === 'string')
  const isBlank = strings.every((value) => value === '')
  if (!isBlank && (field.quoted || quotedShare(column) >= leastQuotedShare))
    return planSpan('span', node, column)
  if (isBlank || countValues(column).length === 1 || fewValues(strings)) return planHead(field, column)
  throw unsupported(
    field,
    'takes free text: its values are many, and too few of them are quoted from the input',
  )
}

function planNumber(node: FieldNode, column: Column): PlanNode {
  const numbers = column.values.filter((value) => typeof value === 'number')
  const distinct = countValues(column).length
  if (distinct <= fewNumbers && distinct * 2 <= numbers.length) return planHead(node.field, column)
  const found = column.values.filter((value, row) => quoteNumber(column.inputs[row], value) !== null).length
  if (found >= leastNumberShare * numbers.length) return planSpan('number', node, column)
  return planHead(node.field, column, mostNumbers)
}

function planList(node: FieldNode, column: Column): PlanNode {
  const { field, schema } = node
  const items = column.values.flatMap(stringsIn)
  if (items.length === 0) return constant(field.path, { value: countValues(column)[0].value }, column)
  const isOpen = field.values === undefined
  if (isOpen && (field.quoted || quotedShare(column) >= leastQuotedShare))
    return planSpan('list', node, column)
  if (isOpen && !fewValues(items)) {
    throw unsupported(
      field,
      'lists free text: its values are many, and too few of them are quoted from the input',
    )
  }
  const limits = limitsOf(schema)
  const values = orderItems(column)
  const heads = values.map((_, index) => `+${index} ${field.path}`)
  const { say, isNothing: truly } = sayEmpty('list', field, limits, column)
  return { kind: 'set', path: field.path, heads, values, limits, empty: say, isNothing: truly }
}

/** Values that nothing is known of but that they occur. */
function planJson(field: OutputField, column: Column): PlanNode {
  const distinct = countValues(column).length
  if (distinct === 1 || distinct * 2 <= column.values.length) return planHead(field, column)
  throw unsupported(field, 'takes many values, of a shape that cannot be divided into fields')
}

/** Classes: the values that occur, most frequent first, then nothing. */
function planHead(field: OutputField, column: Column, most = Infinity): PlanNode {
  const values = countValues(column)
    .slice(0, most)
    .map(({ value }) => value)
  const isSilent = column.values.some(isNothing)
  if (values.length === 1 && !isSilent) return constant(field.path, { value: values[0] }, column)
  const hasNothing = isSilent || column.unreached > 0
  return {
    kind: 'head',
    path: field.path,
    head: `=${field.path}`,
    values: hasNothing ? [...values, null] : values,
    nothing: hasNothing ? values.length : -1,
    empty: isSilent ? sayNothing(field, column) : null,
  }
}

function planSpan(kind: 'span' | 'number' | 'list', node: FieldNode, column: Column): PlanNode {
  const { field, schema } = node
  const limits = limitsOf(schema)
  const { say, isNothing: truly } = sayEmpty(kind, field, limits, column)
  return { kind, path: field.path, span: `=${field.path}`, limits, empty: say, isNothing: truly }
}

/** What to say where nothing is found: nothing, in words that the schema allows, else the most frequent value. */
function sayEmpty(
  kind: 'span' | 'number' | 'list',
  field: OutputField,
  limits: Limits,
  column: Column,
): { say: Say; isNothing: boolean } {
  const nothing = sayNothing(field, column)
  if (nothing !== null) return { say: nothing, isNothing: true }
  if (kind === 'span' && fitsString('', limits)) return { say: { value: '' }, isNothing: true }
  if (kind === 'list' && (limits.minItems ?? 0) === 0) return { say: { value: [] }, isNothing: true }
  return { say: { value: countValues(column)[0].value }, isNothing: false }
}

function constant(path: string, say: Say, column: Column): PlanNode {
  const rows = column.values.length
  return { kind: 'constant', path, say, confidence: (rows + 1) / (rows + 2) }
}

/** The first text in the input that reads as this number, or null. */
export function quoteNumber(input: string, value: Json | undefined): string | null {
  if (typeof value !== 'number') return null
  return findNumbers(input).find((text) => readNumber(text) === value) ?? null
}

function unsupported(field: OutputField, why: string): PotstillError {
  return new PotstillError('TASK_UNSUPPORTED', `field ${JSON.stringify(field.path)} ${why}`, {
    hint:
      'A micro student cannot write. Give the field an enum, quote it from the input ("x-quoted": true), or leave ' +
      'it out. Writing takes a language model as student (kind lm), which this version does not have yet.',
  })
}
