/** One layer of the model as a graph: what it computes, and the places that training needs to reach. */
import { createGraph, type Graph, type Value } from '../../../engine/graph.ts'
import { add, linear, multiply, rmsNorm, silu } from '../../../engine/operations.ts'
import { linearNames, type Architecture, type LinearName } from '../types.ts'
import { linearShapes } from '../weights/tensor-shapes.ts'
import { attend } from './attention-graph.ts'
import { tokenCount, type BatchShape } from './micro-batch.ts'

/** A linear map within the layer. */
export interface LinearUse {
  readonly name: LinearName
  /** (N, in) */
  readonly input: Value
  /** (N, out) */
  readonly output: Value
}

export interface LayerGraph {
  readonly graph: Graph
  /** (N, D), named "x" */
  readonly input: Value
  /** (N, D) */
  readonly output: Value
  readonly linears: readonly LinearUse[]
  /** What is worth keeping from the forward pass for the backward pass: the rest is cheap to compute again. */
  readonly kept: ReadonlyMap<string, Value>
}

/** Inputs besides "x": each weight by its name within the layer, and what `attend` asks for. */
export function layerGraph(architecture: Architecture, shape: BatchShape): LayerGraph {
  const { hiddenSize: D, normEpsilon } = architecture
  const g = createGraph()
  const input = g.input('x', [tokenCount(shape), D])
  const linears: LinearUse[] = []
  const kept = new Map<string, Value>()
  const keep = (name: string, value: Value): Value => {
    kept.set(name, value)
    return value
  }
  const map = linearMaps(g, architecture, linears)
  const norm = (x: Value, name: string): Value => rmsNorm(g, x, g.input(name, [D]), normEpsilon)

  const normed = norm(input, 'input_layernorm.weight')
  const [q, k, v] = (['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'] as const).map((name) =>
    map(name, normed),
  )
  const context = keep('context', attend(g, architecture, shape, { q, k, v }, keep))
  const middle = keep('middle', add(g, input, map('self_attn.o_proj', context)))

  const normedMiddle = norm(middle, 'post_attention_layernorm.weight')
  const gate = keep('gate', map('mlp.gate_proj', normedMiddle))
  const up = keep('up', map('mlp.up_proj', normedMiddle))
  const output = add(g, middle, map('mlp.down_proj', multiply(g, silu(g, gate), up)))
  return { graph: g, input, output, linears, kept }
}

type LinearMap = (name: LinearName, x: Value) => Value

function linearMaps(g: Graph, architecture: Architecture, uses: LinearUse[]): LinearMap {
  const shapes = linearShapes(architecture)
  const biased: readonly LinearName[] = architecture.attentionBias ? linearNames.slice(0, 3) : []
  return (name, x) => {
    const weight = g.input(`${name}.weight`, shapes[name])
    const bias = biased.includes(name) ? g.input(`${name}.bias`, [shapes[name][0]]) : undefined
    const output = linear(g, x, weight, bias)
    uses.push({ name, input: x, output })
    return output
  }
}
