/** The two graphs that are run for each layer: forwards, and backwards from what the forward pass kept. */
import { gradients } from '../../../engine/gradients.ts'
import type { Graph, Value } from '../../../engine/graph.ts'
import { matmul, scale } from '../../../engine/operations.ts'
import type { Architecture } from '../types.ts'
import { linearShapes } from '../weights/tensor-shapes.ts'
import { pairNames, type AdapterLayout } from './adapter-layout.ts'
import { cutGraph } from './cut-graph.ts'
import { layerGraph, type LayerGraph, type LinearUse } from './layer-graph.ts'
import type { BatchShape } from './micro-batch.ts'

/** Outputs "y" and, with `keep`, the kept values by their names. */
export function forwardGraph(architecture: Architecture, shape: BatchShape, keep: boolean): Graph {
  const { graph, output, kept } = layerGraph(architecture, shape)
  graph.output('y', output)
  if (keep) for (const [name, value] of kept) graph.output(name, value)
  return graph
}

/**
 * Further inputs "dy" (N, D) and the pairs of the adapter. Outputs "dx" and the gradients of the pairs, by the
 * pairs' names with "d" before them. With `keep`, the kept values are inputs; else they are computed again.
 */
export function backwardGraph(
  architecture: Architecture,
  shape: BatchShape,
  layout: AdapterLayout,
  keep: boolean,
): Graph {
  const layer = layerGraph(architecture, shape)
  const { graph: g, input, output } = layer
  const adapted = layer.linears.filter(({ name }) => layout.targets.includes(name))
  const seed = { value: output, gradient: g.input('dy', output.shape) }
  const [dx, ...outputGradients] = gradients(g, [seed], [input, ...adapted.map((use) => use.output)])
  const wanted = new Map([['dx', dx]])
  adapted.forEach((use, i) => {
    for (const [name, value] of pairGradients(architecture, layer, layout, use, outputGradients[i])) {
      wanted.set(name, value)
    }
  })
  return cutGraph(g, keep ? layer.kept : new Map(), wanted)
}

/**
 * The map's weight is W + s B A, so its gradient would be dy' x, a full matrix; those of the factors go by way of
 * two narrow products: dB = s dy' (x A'), dA = s (dy B)' x.
 */
function pairGradients(
  architecture: Architecture,
  { graph: g }: LayerGraph,
  { rank, alpha }: AdapterLayout,
  { name, input: x }: LinearUse,
  dy: Value,
): readonly (readonly [string, Value])[] {
  const [out, inner] = linearShapes(architecture)[name]
  const names = pairNames(name)
  const a = g.input(names.a, [rank, inner])
  const b = g.input(names.b, [out, rank])
  const reduced = scale(g, matmul(g, x, a, { transposeB: true }), alpha / rank)
  const widened = scale(g, matmul(g, dy, b), alpha / rank)
  return [
    [`d${names.a}`, matmul(g, widened, x, { transposeA: true })],
    [`d${names.b}`, matmul(g, dy, reduced, { transposeA: true })],
  ]
}
