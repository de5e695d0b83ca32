/** A graph of operations on arrays whose shapes are known when it is built: what is computed, not how. */

export type ElementType = 'float32' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool'

/** What holds elements: bool lies in a Uint8Array as 0 and 1, int64 in a BigInt64Array. */
export type TypedArray = Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array

export interface ValueType {
  readonly shape: readonly number[]
  readonly type: ElementType
}

/** The result of a node, or an input, or a constant. Row-major; an empty shape is a single number. */
export interface Value extends ValueType {
  readonly id: number
}

type None = Readonly<Record<string, never>>
interface Axis {
  readonly axis: number
}
interface Reduction {
  readonly axes: readonly number[]
  /** Reduced axes stay, with size 1. */
  readonly keep: boolean
}

/** Every operation, with what it needs to know besides its inputs. Axes count from the front. */
export interface OperationAttributes {
  readonly add: None
  readonly subtract: None
  readonly multiply: None
  readonly divide: None
  readonly negate: None
  readonly exp: None
  readonly log: None
  readonly sqrt: None
  readonly reciprocal: None
  readonly sigmoid: None
  readonly silu: None
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean }
  readonly linear: None
  readonly reshape: { readonly shape: readonly number[] }
  readonly transpose: { readonly permutation: readonly number[] }
  readonly slice: Axis & { readonly start: number; readonly end: number }
  readonly pad: Axis & { readonly before: number; readonly after: number }
  readonly concat: Axis
  readonly broadcastTo: { readonly shape: readonly number[] }
  readonly gather: None
  readonly cast: { readonly to: ElementType }
  readonly equal: None
  readonly select: None
  readonly sum: Reduction
  readonly max: Reduction
  readonly softmax: Axis
  readonly logSoftmax: Axis
  readonly rmsNorm: { readonly epsilon: number }
  readonly rotary: None
  readonly dequantise: None
  readonly matmulNBits: None
  readonly groupQueryAttention: GroupQueryAttention
  readonly argMax: Axis
  readonly topK: { readonly k: number }
}

export interface GroupQueryAttention {
  readonly heads: number
  readonly keyValueHeads: number
  /** What scores are multiplied by; 1 / sqrt(head size) when absent. */
  readonly scale?: number
}

export type OperationName = keyof OperationAttributes

export interface NodeOf<K extends OperationName> {
  readonly operation: K
  readonly inputs: readonly Value[]
  readonly attributes: OperationAttributes[K]
  readonly outputs: readonly Value[]
}
export type Node = { readonly [K in OperationName]: NodeOf<K> }[OperationName]

export interface Constant {
  readonly value: Value
  readonly data: TypedArray
}

export interface Graph {
  /** By name. */
  readonly inputs: ReadonlyMap<string, Value>
  /** By the value's id. */
  readonly constants: ReadonlyMap<number, Constant>
  /** By name. */
  readonly outputs: ReadonlyMap<string, Value>
  /** In the order in which they were added: a node comes after those that it needs. */
  readonly nodes: readonly Node[]
  /** What `run` is given under this name. */
  input(name: string, shape: readonly number[], type?: ElementType): Value
  /** Arrays are not copied: do not change them before the session is open. */
  constant(data: TypedArray | readonly number[], shape: readonly number[], type?: ElementType): Value
  /** What `run` gives under this name. */
  output(name: string, value: Value): void
  /** For operations.ts, which checks shapes. */
  append<K extends OperationName>(
    operation: K,
    inputs: readonly Value[],
    attributes: OperationAttributes[K],
    results: readonly ValueType[],
  ): readonly Value[]
}

export function createGraph(): Graph {
  const inputs = new Map<string, Value>()
  const constants = new Map<number, Constant>()
  const outputs = new Map<string, Value>()
  const nodes: Node[] = []
  const values = new Set<Value>()
  const create = (shape: readonly number[], type: ElementType): Value => {
    const value = { id: values.size, shape: [...shape], type }
    values.add(value)
    return value
  }
  const checkName = (place: string, name: string): void => {
    if (name === '' || name.startsWith('#')) {
      throw new Error(`${place}: a name is not empty and does not start with "#", got "${name}"`)
    }
    if (inputs.has(name) || outputs.has(name)) throw new Error(`${place}: there is already a "${name}"`)
  }
  const checkOwn = (place: string, value: Value): void => {
    if (!values.has(value)) throw new Error(`${place}: value ${shapeText(value.shape)} is of another graph`)
  }
  return {
    inputs,
    constants,
    outputs,
    nodes,
    input(name, shape, type = 'float32') {
      checkName('input', name)
      checkSizes(`input "${name}"`, shape)
      const value = create(shape, type)
      inputs.set(name, value)
      return value
    },
    constant(data, shape, type = 'float32') {
      checkSizes('constant', shape)
      const array = toTypedArray(data, type)
      if (array.length !== sizeOf(shape)) {
        throw new Error(`constant: ${shapeText(shape)} takes ${sizeOf(shape)} numbers, got ${array.length}`)
      }
      const value = create(shape, type)
      constants.set(value.id, { value, data: array })
      return value
    },
    output(name, value) {
      checkName('output', name)
      checkOwn(`output "${name}"`, value)
      outputs.set(name, value)
    },
    append(operation, nodeInputs, attributes, results) {
      for (const value of nodeInputs) checkOwn(operation, value)
      const made = results.map(({ shape, type }) => create(shape, type))
      nodes.push({ operation, inputs: [...nodeInputs], attributes, outputs: made } as unknown as Node)
      return made
    },
  }
}

/** "(4,8)" */
export function shapeText(shape: readonly number[]): string {
  return `(${shape.join(',')})`
}

/** How many elements an array of this shape has. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

const arrayOf = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const

/** Whether elements of this type lie in such an array. */
export function holds(data: TypedArray, type: ElementType): boolean {
  return data instanceof arrayOf[type]
}

function toTypedArray(data: TypedArray | readonly number[], type: ElementType): TypedArray {
  if (!Array.isArray(data)) {
    if (holds(data as TypedArray, type)) return data as TypedArray
    throw new Error(`constant: ${type} lies in ${arrayOf[type].name}, got ${data.constructor.name}`)
  }
  const numbers = data as readonly number[]
  return type === 'int64' ? BigInt64Array.from(numbers, BigInt) : arrayOf[type].from(numbers)
}

export function checkSizes(place: string, shape: readonly number[]): void {
  if (shape.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new Error(`${place}: sizes are whole numbers from 1, got ${shapeText(shape)}`)
  }
}
