/** The end of the model: final norm and projection to the vocabulary, for the tokens that predict something. */
import { createGraph, type Graph, type Value } from '../../../engine/graph.ts'
import { gradients } from '../../../engine/gradients.ts'
import {
  argMax,
  gather,
  linear,
  matmul,
  max,
  multiply,
  rmsNorm,
  softmax,
  subtract,
  sum,
} from '../../../engine/operations.ts'
import type { Architecture } from '../types.ts'

/** Inputs "hidden" (M, D), "norm" (D), "projection" (V, D). */
function logitsOf(
  g: Graph,
  { hiddenSize: D, vocabularySize: V, normEpsilon }: Architecture,
  M: number,
): { readonly hidden: Value; readonly normed: Value; readonly projection: Value; readonly logits: Value } {
  const hidden = g.input('hidden', [M, D])
  const normed = rmsNorm(g, hidden, g.input('norm', [D]), normEpsilon)
  const projection = g.input('projection', [V, D])
  return { hidden, normed, projection, logits: linear(g, normed, projection) }
}

/** Output "logits" (M, V). */
export function logitsGraph(architecture: Architecture, M: number): Graph {
  const g = createGraph()
  g.output('logits', logitsOf(g, architecture, M).logits)
  return g
}

/**
 * Further input "labels" (M). Outputs, all (M, 1): "label", the logit of the label, "highest", that of the likeliest
 * token, and "probability", that token's; the loss is highest - log(probability) - label. "best" (M) is that token.
 * With `withGradient` also "gradient" (M, D), of the sum of losses by "hidden": the projection is frozen, so its
 * rows are averaged by the probabilities, less the label's own row, and nothing is scattered.
 */
export function lossGraph(architecture: Architecture, M: number, withGradient: boolean): Graph {
  const g = createGraph()
  const { hidden, normed, projection, logits } = logitsOf(g, architecture, M)
  const labelRows = gather(g, projection, g.input('labels', [M], 'int32'))
  const probabilities = softmax(g, logits)
  const last = { axes: [1], keep: true }
  g.output('label', sum(g, multiply(g, normed, labelRows), last))
  g.output('highest', max(g, logits, last))
  g.output('probability', max(g, probabilities, last))
  g.output('best', argMax(g, logits))
  if (!withGradient) return g
  const gradient = subtract(g, matmul(g, probabilities, projection), labelRows)
  g.output('gradient', gradients(g, [{ value: normed, gradient }], [hidden])[0])
  return g
}
