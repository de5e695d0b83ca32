import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { createGraph, sizeOf, type Graph, type Value } from './graph.ts'
import {
  add,
  argMax,
  broadcastTo,
  cast,
  concat,
  dequantise,
  divide,
  equal,
  gather,
  groupQueryAttention,
  linear,
  log,
  logSoftmax,
  matmul,
  matmulNBits,
  max,
  mean,
  oneHot,
  pad,
  reshape,
  rmsNorm,
  rotary,
  select,
  silu,
  slice,
  softmax,
  subtract,
  sum,
  topK,
  transpose,
} from './operations.ts'
import { openSession, type SessionOptions } from './session.ts'

/** Builds a graph of constants with one output, runs it and gives its numbers. */
async function compute(build: (g: Graph) => Value, options: SessionOptions = {}): Promise<number[]> {
  const g = createGraph()
  g.output('y', build(g))
  const session = await openSession(g, { threads: 1, ...options })
  const { y } = await session.run({})
  await session.close()
  return Array.from(y as Float32Array, Number)
}

const rounded = (numbers: readonly number[]): number[] => numbers.map((x) => Number(x.toFixed(4)))

const numbers = (shape: readonly number[], seed = 1): Float32Array => {
  const random = createRandom(seed)
  return new Float32Array(sizeOf(shape)).map(() => random.normal())
}

describe('an operation', () => {
  it('multiplies matrices, transposed or not, with leading axes spread over one another', async () => {
    const a = [1, 2, 3, 4, 5, 6]
    const b = [1, 0, 2, 1, 1, 1]
    const product = (shapeA: number[], shapeB: number[], options: Parameters<typeof matmul>[3]) =>
      compute((g) => matmul(g, g.constant(a, shapeA), g.constant(b, shapeB), options))
    expect(await product([2, 3], [3, 2], {})).toEqual([8, 5, 20, 11])
    expect(await product([3, 2], [3, 2], { transposeA: true })).toEqual([12, 8, 16, 10])
    expect(await product([2, 3], [2, 3], { transposeB: true })).toEqual([7, 6, 16, 15])
    expect(await product([2, 1, 3], [3, 2], {})).toEqual([8, 5, 20, 11])
    expect(await product([2, 1, 3], [2, 3], { transposeB: true })).toEqual([7, 6, 16, 15])
  })

  it('maps linearly with weights laid as (out,in), and adds a bias', async () => {
    const y = await compute((g) =>
      linear(
        g,
        g.constant([1, 2], [1, 2]),
        g.constant([1, 0, 0, 1, 1, 1], [3, 2]),
        g.constant([10, 20, 30], [3]),
      ),
    )
    expect(y).toEqual([11, 22, 33])
  })

  it('cuts, pads, joins, turns and spreads', async () => {
    const x = (g: Graph): Value => g.constant([1, 2, 3, 4, 5, 6], [2, 3])
    expect(await compute((g) => slice(g, x(g), -1, 1, 3))).toEqual([2, 3, 5, 6])
    expect(await compute((g) => pad(g, x(g), 0, 1, 0))).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 6])
    expect(await compute((g) => concat(g, [x(g), x(g)], 1))).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    expect(await compute((g) => transpose(g, x(g), [1, 0]))).toEqual([1, 4, 2, 5, 3, 6])
    expect(await compute((g) => broadcastTo(g, g.constant([1, 2], [2, 1]), [2, 2]))).toEqual([1, 1, 2, 2])
    expect(await compute((g) => gather(g, x(g), g.constant([1, 0, 1], [3], 'int32')))).toEqual([
      4, 5, 6, 1, 2, 3, 4, 5, 6,
    ])
  })

  it('reduces over the named axes, or over all', async () => {
    const x = (g: Graph): Value => g.constant([1, 2, 3, 4, 5, 9], [2, 3])
    expect(await compute((g) => sum(g, x(g)))).toEqual([24])
    expect(await compute((g) => mean(g, x(g), { axes: [1] }))).toEqual([2, 6])
    expect(await compute((g) => max(g, x(g), { axes: [0], keep: true }))).toEqual([4, 5, 9])
    expect(await compute((g) => sum(g, g.constant([7], [])))).toEqual([7])
  })

  it('chooses, compares and finds the largest', async () => {
    const x = (g: Graph): Value => g.constant([1, 7, 3, 4, 5, 5], [2, 3])
    expect(await compute((g) => argMax(g, x(g)))).toEqual([1, 1])
    expect(await compute((g) => topK(g, x(g), 2).values)).toEqual([7, 3, 5, 5])
    expect(await compute((g) => topK(g, x(g), 2).indices)).toEqual([1, 2, 1, 2])
    expect(await compute((g) => oneHot(g, g.constant([2, 0], [2], 'int64'), 3))).toEqual([0, 0, 1, 1, 0, 0])
    const chosen = await compute((g) => {
      const condition = equal(g, x(g), g.constant([5], []))
      return select(g, condition, g.constant([-1], []), x(g))
    })
    expect(chosen).toEqual([1, 7, 3, 4, -1, -1])
    expect(await compute((g) => cast(g, g.constant([1.9, -1.9], [2]), 'int32'))).toEqual([1, -1])
  })

  it('normalises by softmax along any axis, also where numbers are large', async () => {
    const x = (g: Graph): Value => g.constant([1000, 0, 1000, Math.log(3)], [2, 2])
    expect(rounded(await compute((g) => softmax(g, x(g), 0)))).toEqual([0.5, 0.25, 0.5, 0.75])
    expect(rounded(await compute((g) => logSoftmax(g, x(g), 0)))).toEqual(
      rounded([0.5, 0.25, 0.5, 0.75].map(Math.log)),
    )
  })

  it('turns 8-bit numbers back with one scale for 32 of them', async () => {
    const q = Array.from({ length: 64 }, (_, i) => i - 32)
    const scales = [0.5, 2]
    const wanted = q.map((value, i) => value * scales[Math.floor(i / 32)])
    const signed = await compute((g) =>
      dequantise(g, g.constant(q, [1, 64], 'int8'), g.constant(scales, [1, 2])),
    )
    const shifted = q.map((value) => value + 128)
    const unsigned = await compute((g) =>
      dequantise(g, g.constant(shifted, [1, 64], 'uint8'), g.constant(scales, [1, 2])),
    )
    expect(signed).toEqual(wanted)
    expect(unsigned).toEqual(wanted)
  })
})

describe("ONNX Runtime's own operators", () => {
  const forms: Readonly<Record<string, (g: Graph) => Value>> = {
    silu: (g) => silu(g, g.constant(numbers([3, 5]), [3, 5])),
    rmsNorm: (g) =>
      rmsNorm(g, g.constant(numbers([2, 3, 8]), [2, 3, 8]), g.constant(numbers([8], 2), [8]), 1e-5),
    matmul: (g) => {
      const a = g.constant(numbers([2, 3, 4, 5]), [2, 3, 4, 5])
      const b = g.constant(numbers([3, 6, 4], 2), [3, 6, 4])
      return matmul(g, a, b, { transposeA: true, transposeB: true })
    },
    'rotary with one table': (g) => turn(g, [5, 4]),
    'rotary with a table a row': (g) => turn(g, [2, 5, 4]),
  }

  function turn(g: Graph, table: readonly number[]): Value {
    const angles = [...numbers(table, 2)]
    const cos = g.constant(angles.map(Math.cos), table)
    const sin = g.constant(angles.map(Math.sin), table)
    return rotary(g, g.constant(numbers([2, 3, 5, 8]), [2, 3, 5, 8]), cos, sin)
  }

  it.each(Object.entries(forms))('give for %s what the standard ones give', async (_, build) => {
    const own = await compute(build)
    const standard = await compute(build, { contributed: false })
    expect(Math.max(...own.map((x, i) => Math.abs(x - standard[i])))).toBeLessThan(1e-5)
    expect(new Set(own).size).toBe(own.length)
  })
})

describe('a shape that does not fit', () => {
  const g = createGraph()
  const x = (...shape: number[]): Value => broadcastTo(g, g.constant([0], []), shape)
  const whole = (...shape: number[]): Value => cast(g, x(...shape), 'int64')

  it.each<[() => unknown, string]>([
    [() => matmul(g, x(4, 8), x(6, 3)), 'matmul: inner sizes differ, got (4,8) x (6,3)'],
    [
      () => matmul(g, x(4, 8), x(6, 3), { transposeB: true }),
      'matmul: inner sizes differ, the second transposed, got (4,8) x (6,3)',
    ],
    [() => matmul(g, x(4), x(4, 2)), 'matmul: both take two axes or more, got (4) x (4,2)'],
    [
      () => matmul(g, x(2, 4, 8), x(3, 8, 1)),
      'matmul: shapes do not spread over one another, got (2,4,8) x (3,8,1)',
    ],
    [() => linear(g, x(4, 8), x(8, 4)), 'linear: inner sizes differ, got (4,8) x (8,4)'],
    [() => linear(g, x(4, 8), x(3, 8), x(4)), 'linear: c (4) cannot be added to (4,3)'],
    [() => add(g, x(2, 3), x(2)), 'add: shapes do not spread over one another, got (2,3) x (2)'],
    [() => subtract(g, x(2), whole(2)), 'subtract: types differ, got float32 and int64'],
    [() => log(g, whole(2)), 'log: takes float32, got int64'],
    [() => reshape(g, x(2, 3), [4]), 'reshape: (2,3) has 6 elements, (4) takes 4'],
    [() => reshape(g, x(2, 3), [-1]), 'reshape: sizes are whole numbers from 1, got (-1)'],
    [() => transpose(g, x(2, 3), [0, 0]), 'transpose: [0,0] is no order of the axes, got (2,3)'],
    [() => slice(g, x(2, 3), 1, 2, 4), 'slice: 2 to 4 is not within axis 1, got (2,3)'],
    [() => slice(g, x(2, 3), 2, 0, 1), 'slice: there is no axis 2 in (2,3)'],
    [() => concat(g, [x(2, 3), x(3, 3)], 1), 'concat: only axis 1 may differ, got (2,3) x (3,3)'],
    [() => concat(g, [], 0), 'concat: takes at least one array, got none'],
    [() => broadcastTo(g, x(2, 3), [2, 4]), 'broadcastTo: (2,3) does not spread to (2,4)'],
    [() => gather(g, x(2, 3), x(1)), 'gather: indices are int32 or int64, got float32'],
    [() => select(g, x(2), x(2), x(2)), 'select: the condition is bool, got float32'],
    [
      () => sum(g, x(2, 3), { axes: [0, -2] }),
      'sum: takes each axis once and at least one, [0,0], got (2,3)',
    ],
    [() => softmax(g, x(2), 1), 'softmax: there is no axis 1 in (2)'],
    [
      () => rmsNorm(g, x(2, 3), x(2), 0),
      'rmsNorm: the weight is one number for each place of the last axis, got (2,3) x (2)',
    ],
    [
      () => rotary(g, x(1, 2, 3, 4), x(3, 4), x(3, 4)),
      'rotary: x is (B,H,T,size), cos and sin (T,size/2) or (B,T,size/2), got (1,2,3,4) x (3,4) x (3,4)',
    ],
    [
      () => dequantise(g, cast(g, x(2, 64), 'int8'), x(2, 64)),
      'dequantise: one scale for 32 numbers of the last axis, got (2,64) x (2,64)',
    ],
    [
      () => matmulNBits(g, x(1, 64), cast(g, x(5, 64), 'uint8'), x(5, 2)),
      'matmulNBits: x is (...,in), packed (out,in/32,32), scales (out,in/32), bias (out), got (1,64) x (5,64) x (5,2)',
    ],
    [() => topK(g, x(2, 3), 4), 'topK: the last axis does not have 4 places, got (2,3)'],
    [() => divide(g, x(2), createGraph().constant([1], [])), 'divide: value () is of another graph'],
  ])('is refused when the graph is built: %#', (build, message) => {
    expect(build).toThrow(new Error(message))
  })

  it('is refused for attention with what was expected', () => {
    const lengths = cast(g, x(2), 'int32')
    const inputs = {
      query: x(2, 1, 8),
      key: x(2, 1, 8),
      value: x(2, 1, 4),
      pastKey: x(2, 1, 6, 4),
      pastValue: x(2, 1, 6, 4),
      lengths,
      total: cast(g, x(1), 'int32'),
      cos: x(6, 2),
      sin: x(6, 2),
    }
    expect(() => groupQueryAttention(g, inputs, { heads: 2, keyValueHeads: 1 })).toThrow(
      'groupQueryAttention: expected (2,1,8) (2,1,4) (2,1,4) (2,1,6,4) (2,1,6,4) (2) (1) (6,2) (6,2), got (2,1,8) x (2,1,8)',
    )
  })
})

describe('a graph', () => {
  it('refuses names that are taken or cannot be told from its own, and constants of another length', () => {
    const g = createGraph()
    const x = g.input('x', [2])
    g.output('y', x)
    expect(() => g.input('y', [2])).toThrow('input: there is already a "y"')
    expect(() => g.output('x', x)).toThrow('output: there is already a "x"')
    expect(() => g.input('#1', [2])).toThrow('a name is not empty and does not start with "#", got "#1"')
    expect(() => g.input('z', [0])).toThrow('input "z": sizes are whole numbers from 1, got (0)')
    expect(() => g.constant([1, 2], [3])).toThrow('constant: (3) takes 3 numbers, got 2')
    expect(() => g.constant(Int32Array.of(1), [1])).toThrow(
      'constant: float32 lies in Float32Array, got Int32Array',
    )
  })
})
