/** From examples to what the parts learn from: class distributions for the classifier, quoted texts for the tagger. */
import { canonicalJson, valueAt, type Json } from '../../core/json.ts'
import type { Example, ValueDistribution } from '../../core/row.ts'
import { stringsIn } from './field-column.ts'
import { quoteNumber } from './field-plan.ts'
import type { AnswerPlan, HeadNode, PlanNode } from './runtime/answer.js'

/** One set of classes: its values as canonical JSON text, and its target for an example. */
export interface Head {
  readonly key: string
  readonly values: readonly string[]
  /** Probability of each value; even where the example says nothing about it. */
  target(example: Example): Float32Array
}

/** One field that is quoted from the input, and its texts in an example. */
export interface Span {
  readonly key: string
  readonly list: boolean
  texts(example: Example): readonly string[]
}

type Read = (output: Json) => Json | undefined

const yesOrNo = ['false', 'true']

/** The heads of a plan, sorted by key, so that the order of keys in a schema changes nothing. */
export function headsOf(plan: AnswerPlan): readonly Head[] {
  return sortByKey(
    collect(plan.root, (output) => output).flatMap(({ node, read }) => headsOfNode(node, read)),
  )
}

/** The spans of a plan, sorted by key. */
export function spansOf(plan: AnswerPlan): readonly Span[] {
  const spans = collect(plan.root, (output) => output).flatMap(({ node, read }): Span[] => {
    if (node.kind !== 'span' && node.kind !== 'number' && node.kind !== 'list') return []
    const texts = (example: Example): readonly string[] => {
      const value = read(example.output)
      if (node.kind !== 'number') return stringsIn(value)
      const text = quoteNumber(example.row.input, value)
      return text === null ? [] : [text]
    }
    return [{ key: node.span, list: node.kind === 'list', texts }]
  })
  return sortByKey(spans)
}

/** Every node of a plan with the way to its value. */
function collect(node: PlanNode, read: Read): { node: PlanNode; read: Read }[] {
  const inner =
    node.kind === 'object'
      ? node.children.flatMap((child) => collect(child.node, (output) => valueAt(read(output), [child.key])))
      : []
  return [{ node, read }, ...inner]
}

function headsOfNode(node: PlanNode, read: Read): Head[] {
  if (node.kind === 'head') return [valueHead(node, read)]
  if (node.kind === 'object' && node.presence !== null) {
    return [binaryHead(node.presence, ({ output }) => (read(output) ?? null) !== null)]
  }
  if (node.kind !== 'set') return []
  return node.heads.map((key, index) =>
    binaryHead(key, ({ output }) => stringsIn(read(output)).includes(node.values[index])),
  )
}

function binaryHead(key: string, isTrue: (example: Example) => boolean): Head {
  return {
    key,
    values: yesOrNo,
    target: (example) => Float32Array.of(...(isTrue(example) ? [0, 1] : [1, 0])),
  }
}

function valueHead(node: HeadNode, read: Read): Head {
  const values = node.values.map(canonicalJson)
  const indexOf = new Map(values.map((text, index) => [text, index]))
  const target = (example: Example): Float32Array => {
    const soft = softTarget(example.soft?.[node.path], indexOf)
    if (soft !== null) return soft
    const value = read(example.output) ?? null
    const index = indexOf.get(canonicalJson(value)) ?? nearestIndex(node.values, value)
    if (index === undefined) return new Float32Array(values.length).fill(1 / values.length)
    return oneHot(index, values.length)
  }
  return { key: node.head, values, target }
}

/** A distribution over the known values, or null where it gives them nothing. */
function softTarget(
  soft: ValueDistribution | undefined,
  indexOf: ReadonlyMap<string, number>,
): Float32Array | null {
  if (soft === undefined) return null
  const target = new Float32Array(indexOf.size)
  let total = 0
  for (const [text, probability] of Object.entries(soft)) {
    const index = indexOf.get(text)
    if (index === undefined || !(probability > 0)) continue
    target[index] = probability
    total += probability
  }
  return total > 0 ? target.map((probability) => probability / total) : null
}

/** A number that is not among the values stands for the nearest that is. */
function nearestIndex(values: readonly Json[], value: Json): number | undefined {
  if (typeof value !== 'number') return undefined
  let nearest: number | undefined
  values.forEach((candidate, index) => {
    if (typeof candidate !== 'number') return
    const best = nearest === undefined ? Infinity : Math.abs((values[nearest] as number) - value)
    if (Math.abs(candidate - value) < best) nearest = index
  })
  return nearest
}

function oneHot(index: number, size: number): Float32Array {
  const target = new Float32Array(size)
  target[index] = 1
  return target
}

function sortByKey<T extends { readonly key: string }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => (a.key < b.key ? -1 : 1))
}
