/** Takes a part out of a graph: what some values need, down to values that are given instead of computed. */
import { createGraph, type Graph, type Value } from '../../../engine/graph.ts'

/** `given` become inputs, `wanted` outputs, both by these names; other inputs keep theirs where they are needed. */
export function cutGraph(
  graph: Graph,
  given: ReadonlyMap<string, Value>,
  wanted: ReadonlyMap<string, Value>,
): Graph {
  const part = createGraph()
  const copies = new Map<Value, Value>()
  const needed = neededValues(graph, new Set(given.values()), [...wanted.values()])
  for (const [name, value] of [...graph.inputs, ...given]) {
    if (needed.has(value)) copies.set(value, part.input(name, value.shape, value.type))
  }
  for (const { value, data } of graph.constants.values()) {
    if (needed.has(value)) copies.set(value, part.constant(data, value.shape, value.type))
  }
  for (const node of graph.nodes) {
    if (!node.outputs.some((value) => needed.has(value) && !copies.has(value))) continue
    const inputs = node.inputs.map((value) => copies.get(value) as Value)
    const outputs = part.append(node.operation, inputs, node.attributes, node.outputs)
    node.outputs.forEach((value, i) => {
      if (!copies.has(value)) copies.set(value, outputs[i])
    })
  }
  for (const [name, value] of wanted) part.output(name, copies.get(value) as Value)
  return part
}

function neededValues(graph: Graph, given: ReadonlySet<Value>, wanted: readonly Value[]): Set<Value> {
  const needed = new Set(wanted)
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((value) => needed.has(value) && !given.has(value))) continue
    for (const value of node.inputs) needed.add(value)
  }
  return needed
}
