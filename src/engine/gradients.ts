/** Gradients of a graph, as further nodes of the same graph: one walk from its outputs back to what is asked for. */
import { shapeText, type Graph, type Node, type NodeOf, type OperationName, type Value } from './graph.ts'
import { gradientRules } from './gradient-rules.ts'
import { add } from './operations.ts'

/** A value, and the gradient of the loss with respect to it: of the same shape. */
export interface OutputGradient {
  readonly value: Value
  readonly gradient: Value
}

/**
 * The gradients of sum(value * gradient) over the outputs with respect to each of `wrt`, which may be inputs,
 * constants or results of nodes. Throws where one does not depend on another, or an operation on the way has no
 * gradient.
 */
export function gradients(
  g: Graph,
  outputs: readonly OutputGradient[],
  wrt: readonly Value[],
): readonly Value[] {
  const collected = new Map<Value, Value>()
  const collect = (value: Value, gradient: Value): void => {
    const before = collected.get(value)
    collected.set(value, before === undefined ? gradient : add(g, before, gradient))
  }
  for (const { value, gradient } of outputs) {
    if (shapeText(value.shape) !== shapeText(gradient.shape) || value.type !== gradient.type) {
      throw new Error(
        `gradients: value ${shapeText(value.shape)} and gradient ${shapeText(gradient.shape)} differ`,
      )
    }
    collect(value, gradient)
  }
  const dependent = dependentOn(g, wrt)
  // A copy: the walk adds nodes to the graph.
  for (const node of g.nodes.toReversed()) {
    if (node.outputs.some((value) => dependent.has(value))) walkNode(g, node, collected, dependent, collect)
  }
  return wrt.map((value, i) => {
    const gradient = collected.get(value)
    if (gradient !== undefined) return gradient
    throw new Error(`gradients: no output depends on value ${i} ${shapeText(value.shape)}`)
  })
}

function walkNode(
  g: Graph,
  node: Node,
  collected: ReadonlyMap<Value, Value>,
  dependent: ReadonlySet<Value>,
  collect: (value: Value, gradient: Value) => void,
): void {
  const [output, ...others] = node.outputs
  if (others.some((value) => collected.has(value))) {
    throw new Error(`gradients: ${node.operation} has a gradient for its first result only`)
  }
  const gradient = collected.get(output)
  if (gradient === undefined) return
  const parts = applyRule(g, node, gradient)
  for (const [i, input] of node.inputs.entries()) {
    if (!dependent.has(input)) continue
    const part = parts[i]
    if (part === null) throw new Error(`gradients: ${node.operation} has no gradient for its input ${i}`)
    collect(input, part)
  }
}

function applyRule<K extends OperationName>(
  g: Graph,
  node: Node & NodeOf<K>,
  gradient: Value,
): readonly (Value | null)[] {
  const rule = gradientRules[node.operation]
  if (rule !== 'not differentiable') return rule(g, node, gradient)
  throw new Error(`gradients: ${node.operation} is not differentiable`)
}

/** Through numbers with a fraction only: nothing is learned through indices and conditions. */
function dependentOn(g: Graph, wrt: readonly Value[]): ReadonlySet<Value> {
  const dependent = new Set(wrt)
  for (const node of g.nodes) {
    if (!node.inputs.some((value) => dependent.has(value))) continue
    for (const value of node.outputs) if (value.type === 'float32') dependent.add(value)
  }
  return dependent
}
