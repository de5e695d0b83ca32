/** Lists the places of a task's output that are answered and judged by themselves. */
import { PotstillError } from './errors.ts'
import { readSchema, type FieldNode, type SchemaNode } from './schema-tree.ts'
import { checkSchema, createSchemaValidator } from './schema-validator.ts'
import type { OutputField, TaskOutput } from './task.ts'

/**
 * The fields in the order of the schema: enums, booleans, numbers, strings and lists of strings, in nested
 * objects too; whatever else a schema can say is one field of kind "json". Labels are one field "label",
 * text is one field "text". Throws SCHEMA_INVALID with the place.
 */
export function outputFields(output: TaskOutput): readonly OutputField[] {
  const fields = leavesOf(outputTree(output)).map((node) => node.field)
  const seen = new Set<string>()
  for (const { path } of fields) {
    if (seen.has(path)) {
      throw new PotstillError('SCHEMA_INVALID', `schema: two fields have the path ${JSON.stringify(path)}`, {
        hint: 'Rename one of them: a dot in a key reads like a nested key.',
      })
    }
    seen.add(path)
  }
  return fields
}

/** The same as a tree, which keeps the objects between the root and the fields. Throws SCHEMA_INVALID. */
export function outputTree(output: TaskOutput): SchemaNode {
  if (output.kind === 'json') {
    checkSchema(output.schema)
    const tree = readSchema(output.schema)
    createSchemaValidator(output.schema)
    return tree.kind === 'field' ? named(tree, isClosed(tree.field) ? 'label' : 'text') : tree
  }
  if (output.kind === 'labels') {
    checkLabels(output.labels)
    return named(wholeAnswer({ kind: 'enum', values: output.labels }), 'label')
  }
  return named(wholeAnswer({ kind: 'string' }), 'text')
}

/** The leaves of a tree, in order. */
function leavesOf(node: SchemaNode): readonly FieldNode[] {
  return node.kind === 'field' ? [node] : node.children.flatMap(leavesOf)
}

function isClosed(field: OutputField): boolean {
  return field.kind === 'enum' || field.kind === 'boolean' || field.kind === 'number'
}

function named(node: FieldNode, path: string): FieldNode {
  return { ...node, field: { ...node.field, path } }
}

function wholeAnswer(shape: Pick<OutputField, 'kind' | 'values'>): FieldNode {
  const field = { path: '', segments: [], nullable: false, optional: false, quoted: false, ...shape }
  return { kind: 'field', field, schema: {} }
}

function checkLabels(labels: readonly string[]): void {
  if (labels.length === 0) throw new PotstillError('SCHEMA_INVALID', 'labels: give at least one label')
  labels.forEach((label, index) => {
    if (label.trim() === '' || label.trim() !== label) {
      const shown = JSON.stringify(label)
      throw new PotstillError(
        'SCHEMA_INVALID',
        `labels[${index}] is empty or has white space around it: ${shown}`,
      )
    }
    if (labels.indexOf(label) < index) {
      throw new PotstillError('SCHEMA_INVALID', `labels[${index}] repeats ${JSON.stringify(label)}`)
    }
  })
}
