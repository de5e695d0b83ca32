/** The floor: a model that gives every input the most frequent value of each field. */
import { renderAnswer } from '../../core/answer.ts'
import type { ChatModel } from '../../core/chat-model.ts'
import { PotstillError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import { outputTree } from '../../core/output-fields.ts'
import type { SchemaNode } from '../../core/schema-tree.ts'
import type { Task } from '../../core/task.ts'
import { childColumn, countValues, isNothing, outputColumn, sayNothing, type Column } from './field-column.ts'
import type { Say } from './runtime/answer.js'

/** Learns from valid outputs of the task, of which there must be one (DATA_EMPTY). */
export function trainBaseline(task: Task, outputs: readonly Json[]): ChatModel {
  if (outputs.length === 0)
    throw new PotstillError('DATA_EMPTY', 'there is no output to take frequent values from')
  const { value = null } = mostFrequent(outputTree(task.output), outputColumn(outputs))
  const content = renderAnswer(task, value)
  return {
    id: 'baseline/most-frequent',
    source: 'baseline',
    complete: () =>
      Promise.resolve({ content, finishReason: 'stop', usage: null, latencyMs: 0, priceUsd: 0, raw: null }),
  }
}

/** Of an object, the most frequent value of each key. Where nothing is as frequent as a value, nothing is said. */
function mostFrequent(node: SchemaNode, column: Column): Say {
  const silent = column.values.filter(isNothing).length
  const place = node.kind === 'object' ? node : node.field
  if (node.kind === 'field') {
    const [first] = countValues(column)
    return first === undefined || silent >= first.count
      ? (sayNothing(place, column) ?? {})
      : { value: first.value }
  }
  if (silent * 2 >= column.values.length) return sayNothing(place, column) ?? {}
  const entries = node.children.flatMap((child): [string, Json][] => {
    const { segments } = child.kind === 'object' ? child : child.field
    const key = segments[segments.length - 1]
    const { value } = mostFrequent(child, childColumn(column, key))
    return value === undefined ? [] : [[key, value]]
  })
  return { value: Object.fromEntries(entries) }
}
