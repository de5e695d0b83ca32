/** Turns a graph into an ONNX model: only what its outputs need. */
import type { Graph, Node, OperationName, TypedArray, Value, NodeOf } from './graph.ts'
import { loweringRules, type Emitter } from './lowering-rules.ts'
import { encodeOnnx, type OnnxConstant, type OnnxModel, type OnnxNode, type OnnxValue } from './onnx-model.ts'

export interface LoweringOptions {
  /** False: only operators of the ONNX standard, so that other runtimes read the model. True by default. */
  readonly contributed?: boolean
}

/** The model as bytes of an .onnx file, constants included. Throws where a graph has no outputs. */
export function toOnnx(g: Graph, options?: LoweringOptions): Uint8Array {
  return encodeOnnx(lower(g, options)).bytes
}

/** Inputs that no output depends on are left out. */
export function lower(g: Graph, { contributed = true }: LoweringOptions = {}): OnnxModel {
  if (g.outputs.size === 0) throw new Error('graph: it has no outputs')
  const used = usedValues(g)
  const names = nameValues(g)
  const nodes: OnnxNode[] = []
  const constants = new Map<string, OnnxConstant>()
  for (const [id, { value, data }] of g.constants) {
    if (used.has(value)) constants.set(fresh(id), { type: value.type, shape: value.shape, data })
  }
  const e = createEmitter(names, used, nodes, constants, contributed)
  for (const node of g.nodes) if (node.outputs.some((value) => used.has(value))) lowerNode(e, node)
  // An output that is an input, a constant or another output needs a node of its own.
  for (const [name, value] of g.outputs) {
    if (e.nameOf(value) !== name) e.emit('Identity', [e.nameOf(value)], { outputs: [name] })
  }
  const inputs = new Map([...g.inputs].filter(([, value]) => used.has(value)).map(described))
  return { nodes, inputs, outputs: new Map([...g.outputs].map(described)), constants }
}

function lowerNode<K extends OperationName>(e: Emitter, node: Node & NodeOf<K>): void {
  loweringRules[node.operation](e, node)
}

function described([name, { type, shape }]: readonly [string, Value]): [string, OnnxValue] {
  return [name, { type, shape }]
}

function usedValues(g: Graph): ReadonlySet<Value> {
  const used = new Set(g.outputs.values())
  for (const node of g.nodes.toReversed()) {
    if (node.outputs.some((value) => used.has(value))) for (const value of node.inputs) used.add(value)
  }
  return used
}

function fresh(id: number): string {
  return `#${id}`
}

/** Inputs and outputs by the names they were given; the others get theirs from the id. */
function nameValues(g: Graph): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  for (const [name, { id }] of g.inputs) names.set(id, name)
  for (const [name, { id }] of g.outputs) {
    if (!names.has(id) && !g.constants.has(id)) names.set(id, name)
  }
  return names
}

function createEmitter(
  names: ReadonlyMap<number, string>,
  used: ReadonlySet<Value>,
  nodes: OnnxNode[],
  constants: Map<string, OnnxConstant>,
  contributed: boolean,
): Emitter {
  return {
    contributed,
    nameOf: ({ id }) => names.get(id) ?? fresh(id),
    isUsed: (value) => used.has(value),
    constant(data, shape, type) {
      const name = constantName(data, shape, type)
      if (!constants.has(name)) constants.set(name, { data, shape, type })
      return name
    },
    emit(operator, inputs, { outputs = [`#n${nodes.length}`], attributes = {}, domain } = {}) {
      nodes.push({ operator, inputs, outputs, attributes, ...(domain === undefined ? {} : { domain }) })
      return outputs[0]
    },
  }
}

/** Small ones only, which rules make: the same numbers are one constant. */
function constantName(data: TypedArray, shape: readonly number[], type: string): string {
  return `#${type}(${shape.join(',')})[${data.join(',')}]`
}

/** One line a node, for people and for tests: "y = Gemm(x, w) transB=1". */
export function listing({ nodes, inputs, outputs, constants }: OnnxModel): string {
  const typed = ([name, { type, shape }]: readonly [string, OnnxValue]): string =>
    `${name} ${type}(${shape.join(',')})`
  return [
    ...[...inputs].map((entry) => `input ${typed(entry)}`),
    ...[...constants].map((entry) => `constant ${typed(entry)}`),
    ...nodes.map(nodeLine),
    ...[...outputs].map((entry) => `output ${typed(entry)}`),
  ].join('\n')
}

function nodeLine({ operator, inputs, outputs, attributes }: OnnxNode): string {
  const settings = Object.entries(attributes).map(([name, value]) => {
    if (typeof value === 'number') return ` ${name}=${value}`
    return 'float' in value ? ` ${name}=${value.float}` : ` ${name}=[${value.join(',')}]`
  })
  return `${outputs.join(', ')} = ${operator}(${inputs.join(', ')})${settings.join('')}`
}
