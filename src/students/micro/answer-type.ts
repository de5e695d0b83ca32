/** Writes a task's output as a TypeScript type. */
import { outputTree } from '../../core/output-fields.ts'
import type { SchemaNode } from '../../core/schema-tree.ts'
import type { OutputField, TaskOutput } from '../../core/task.ts'

export function answerType(output: TaskOutput): string {
  return typeOf(outputTree(output), '')
}

function typeOf(node: SchemaNode, indent: string): string {
  const nullable = node.kind === 'object' ? node.nullable : node.field.nullable
  const type = node.kind === 'object' ? objectType(node.children, indent) : fieldType(node.field)
  return nullable && type !== 'unknown' ? `${type} | null` : type
}

function objectType(children: readonly SchemaNode[], indent: string): string {
  const inner = `${indent}  `
  const lines = children.map((child) => {
    const { segments, optional } = child.kind === 'object' ? child : child.field
    const key = JSON.stringify(segments[segments.length - 1])
    return `${inner}readonly ${key}${optional ? '?' : ''}: ${typeOf(child, inner)}\n`
  })
  return `{\n${lines.join('')}${indent}}`
}

function fieldType(field: OutputField): string {
  const values = field.values?.map((value) => JSON.stringify(value)).join(' | ')
  switch (field.kind) {
    case 'strings':
      return `readonly ${values === undefined ? 'string' : `(${values})`}[]`
    case 'enum':
      return values ?? 'unknown'
    case 'json':
      return 'unknown'
    default:
      return field.kind
  }
}
