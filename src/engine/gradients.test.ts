/** Every gradient rule against finite differences, over random shapes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '../core/random.ts'
import { gradientRules } from './gradient-rules.ts'
import { gradients } from './gradients.ts'
import { createGraph, sizeOf, type Graph, type OperationName, type Value } from './graph.ts'
import {
  add,
  argMax,
  broadcastTo,
  cast,
  concat,
  divide,
  equal,
  exp,
  gather,
  linear,
  log,
  logSoftmax,
  matmul,
  max,
  mean,
  multiply,
  negate,
  pad,
  reciprocal,
  reshape,
  rmsNorm,
  rotary,
  select,
  sigmoid,
  silu,
  slice,
  softmax,
  sqrt,
  square,
  subtract,
  sum,
  transpose,
} from './operations.ts'
import { openSession } from './session.ts'

/** What is differentiated: shapes of inputs, and what is made of them. */
interface Case {
  readonly shapes: readonly (readonly number[])[]
  readonly build: (g: Graph, inputs: readonly Value[]) => Value
  /** Inputs away from 0, where the function is steep or undefined. */
  readonly positive?: boolean
}

type Draw = (random: Random) => Case

const size = (random: Random): number => 1 + random.below(3)
const shapeOf = (random: Random, axes: number): number[] => Array.from({ length: axes }, () => size(random))
/** A shape that spreads to the given one: some axes are 1, some at the front are missing. */
const smaller = (random: Random, shape: readonly number[]): number[] =>
  shape.map((n) => (random.below(3) === 0 ? 1 : n)).slice(random.below(shape.length + 1))

const spread =
  (build: (g: Graph, a: Value, b: Value) => Value, positive = false): Draw =>
  (random) => {
    const shape = shapeOf(random, 3)
    const pair = random.below(2) === 0 ? [shape, smaller(random, shape)] : [smaller(random, shape), shape]
    return { shapes: pair, build: (g, [a, b]) => build(g, a, b), positive }
  }

const each =
  (build: (g: Graph, x: Value) => Value, positive = false): Draw =>
  (random) => ({ shapes: [shapeOf(random, random.below(4))], build: (g, [x]) => build(g, x), positive })

const alongAxis =
  (build: (g: Graph, x: Value, axis: number) => Value): Draw =>
  (random) => {
    const axis = random.below(3) - 3
    return { shapes: [shapeOf(random, 3)], build: (g, [x]) => build(g, x, axis) }
  }

const reduction =
  (build: typeof sum): Draw =>
  (random) => {
    const axes = [[0], [-1], [0, 2], [1, 2], undefined][random.below(5)]
    const keep = random.below(2) === 0
    return { shapes: [shapeOf(random, 3)], build: (g, [x]) => build(g, x, { axes, keep }) }
  }

const cases: Partial<Record<OperationName, Draw>> = {
  add: spread(add),
  subtract: spread(subtract),
  multiply: spread(multiply),
  divide: spread(divide, true),
  negate: each(negate),
  exp: each(exp),
  log: each(log, true),
  sqrt: each(sqrt, true),
  reciprocal: each(reciprocal, true),
  sigmoid: each(sigmoid),
  silu: each(silu),
  matmul: (random) => {
    const [n, k, m] = shapeOf(random, 3)
    const leading = shapeOf(random, random.below(3))
    const transposeA = random.below(2) === 0
    const transposeB = random.below(2) === 0
    const a = transposeA ? [k, n] : [n, k]
    const b = transposeB ? [m, k] : [k, m]
    const shapes = [
      [...leading, ...a],
      [...smaller(random, leading), ...b],
    ]
    return { shapes, build: (g, [x, y]) => matmul(g, x, y, { transposeA, transposeB }) }
  },
  linear: (random) => {
    const [N, inner, out] = shapeOf(random, 3)
    const c = [[], [[out]], [[N, out]], [[1, out]]][random.below(4)]
    return { shapes: [[N, inner], [out, inner], ...c], build: (g, [x, w, added]) => linear(g, x, w, added) }
  },
  reshape: (random) => {
    const shape = shapeOf(random, 3)
    return { shapes: [shape], build: (g, [x]) => reshape(g, x, [sizeOf(shape)]) }
  },
  transpose: (random) => {
    const permutation = random.shuffle([0, 1, 2, 3])
    return { shapes: [shapeOf(random, 4)], build: (g, [x]) => transpose(g, x, permutation) }
  },
  slice: (random) => {
    const shape = shapeOf(random, 3)
    const axis = random.below(3)
    const start = random.below(shape[axis])
    const end = start + 1 + random.below(shape[axis] - start)
    return { shapes: [shape], build: (g, [x]) => slice(g, x, axis, start, end) }
  },
  pad: (random) => {
    const [before, after] = [random.below(3), random.below(3)]
    return { shapes: [shapeOf(random, 2)], build: (g, [x]) => pad(g, x, 1, before, after) }
  },
  concat: (random) => {
    const shape = shapeOf(random, 3)
    const axis = random.below(3)
    const shapes = [0, 1, 2].map(() => shape.with(axis, size(random)))
    return { shapes, build: (g, inputs) => concat(g, inputs, axis) }
  },
  broadcastTo: (random) => {
    const shape = shapeOf(random, 3)
    return { shapes: [smaller(random, shape)], build: (g, [x]) => broadcastTo(g, x, shape) }
  },
  gather: (random) => {
    const shape = shapeOf(random, 1 + random.below(3))
    const indices = Array.from({ length: 4 }, () => random.below(shape[0]))
    return { shapes: [shape], build: (g, [x]) => gather(g, x, g.constant(indices, [2, 2], 'int64')) }
  },
  select: (random) => {
    const shape = shapeOf(random, 2)
    const chosen = Array.from({ length: sizeOf(shape) }, () => random.below(2))
    const build: Case['build'] = (g, [a, b]) => select(g, g.constant(chosen, shape, 'bool'), a, b)
    return { shapes: [smaller(random, shape), smaller(random, shape)], build }
  },
  sum: reduction(sum),
  max: reduction(max),
  softmax: alongAxis(softmax),
  logSoftmax: alongAxis(logSoftmax),
  rmsNorm: (random) => {
    const shape = shapeOf(random, 1 + random.below(3))
    return { shapes: [shape, shape.slice(-1)], build: (g, [x, w]) => rmsNorm(g, x, w, 0.1) }
  },
  rotary: (random) => {
    const [B, H, T, half] = shapeOf(random, 4)
    const table = random.below(2) === 0 ? [T, half] : [B, T, half]
    const angles = Array.from({ length: sizeOf(table) }, () => 3 * random.normal())
    const build: Case['build'] = (g, [x]) =>
      rotary(g, x, g.constant(angles.map(Math.cos), table), g.constant(angles.map(Math.sin), table))
    return { shapes: [[B, H, T, 2 * half]], build }
  },
}

/** The largest difference between what the rules give and what small changes of each input give. */
async function largestError(drawn: Case, random: Random): Promise<number> {
  const g = createGraph()
  const inputs = drawn.shapes.map((shape, i) => g.input(`x${i}`, shape))
  const y = drawn.build(g, inputs)
  g.output('y', y)
  const dy = g.input('dy', y.shape)
  for (const [i, gradient] of gradients(g, [{ value: y, gradient: dy }], inputs).entries()) {
    g.output(`d${i}`, gradient)
  }
  const session = await openSession(g, { threads: 1 })
  const draw = (): number => (drawn.positive ? 0.6 + random.next() : random.normal())
  const feeds: Record<string, Float32Array> = {
    dy: new Float32Array(sizeOf(y.shape)).map(() => random.normal()),
  }
  for (const [i, shape] of drawn.shapes.entries()) feeds[`x${i}`] = new Float32Array(sizeOf(shape)).map(draw)
  const loss = async (): Promise<number> => {
    const { y } = await session.run(feeds)
    return (y as Float32Array).reduce((total, value, i) => total + value * feeds.dy[i], 0)
  }
  const result = await session.run(feeds)
  let error = 0
  for (const i of drawn.shapes.keys()) {
    const x = feeds[`x${i}`]
    for (let j = 0; j < x.length; j++) {
      const [at, step] = [x[j], 2 ** -7]
      x[j] = at + step
      const above = await loss()
      x[j] = at - step
      const slope = (above - (await loss())) / (2 * step)
      x[j] = at
      error = Math.max(error, Math.abs(slope - Number(result[`d${i}`][j])) / (1 + Math.abs(slope)))
    }
  }
  await session.close()
  return error
}

describe('a gradient rule', () => {
  it('is tested here for each operation that has one', () => {
    const differentiable = Object.entries(gradientRules).filter(([, rule]) => rule !== 'not differentiable')
    expect(Object.keys(cases)).toEqual(differentiable.map(([operation]) => operation))
  })

  it.each(Object.entries(cases))('of %s gives the slopes that finite differences give', async (_, draw) => {
    const property = fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
      const random = createRandom(seed)
      expect(await largestError(draw(random), random)).toBeLessThan(2e-3)
    })
    await fc.assert(property, { numRuns: 15, seed: 1, endOnFailure: true })
  })
})

describe('gradients', () => {
  it('adds up what flows back along several ways', async () => {
    const g = createGraph()
    const x = g.input('x', [2])
    const y = add(g, multiply(g, x, exp(g, x)), x)
    const [dx] = gradients(g, [{ value: y, gradient: g.constant([1, 1], [2]) }], [x])
    g.output('dx', dx)
    const session = await openSession(g)
    const result = await session.run({ x: Float32Array.of(0, 1) })
    expect([...result.dx].map((value) => Number(value).toFixed(4))).toEqual([
      '2.0000',
      (2 * Math.E + 1).toFixed(4),
    ])
    await session.close()
  })

  it('starts from several outputs at once, and ends at results of nodes too', async () => {
    const g = createGraph()
    const x = g.input('x', [1])
    const middle = square(g, x)
    const outputs = [
      { value: mean(g, middle), gradient: g.constant([1], []) },
      { value: negate(g, x), gradient: g.constant([5], [1]) },
    ]
    const [dx, dMiddle] = gradients(g, outputs, [x, middle])
    g.output('dx', dx)
    g.output('dMiddle', dMiddle)
    const session = await openSession(g)
    const result = await session.run({ x: Float32Array.of(3) })
    expect([result.dx[0], result.dMiddle[0]]).toEqual([1, 1])
    await session.close()
  })

  it('can be taken of gradients', async () => {
    const g = createGraph()
    const x = g.input('x', [1])
    const one = g.constant([1], [1])
    const [first] = gradients(g, [{ value: multiply(g, square(g, x), x), gradient: one }], [x])
    const [second] = gradients(g, [{ value: first, gradient: one }], [x])
    g.output('second', second)
    const session = await openSession(g)
    expect((await session.run({ x: Float32Array.of(2) })).second[0]).toBe(12)
    await session.close()
  })

  it('says what has no gradient instead of giving a wrong one', () => {
    const g = createGraph()
    const x = g.input('x', [2, 4])
    const one = (shape: readonly number[]): Value => broadcastTo(g, g.constant([1], []), shape)
    const of = (value: Value, wrt: Value) => () =>
      gradients(g, [{ value, gradient: one(value.shape) }], [wrt])
    expect(of(square(g, x), g.input('other', [3]))).toThrow('gradients: no output depends on value 0 (3)')
    expect(of(cast(g, argMax(g, x), 'float32'), x)).toThrow('gradients: no output depends on value 0 (2,4)')
    expect(of(cast(g, equal(g, x, x), 'float32'), x)).toThrow('no output depends')
    const cos = g.input('cos', [3, 2])
    const turned = rotary(g, g.input('heads', [1, 1, 3, 4]), cos, cos)
    expect(of(turned, cos)).toThrow('gradients: rotary has no gradient for its input 1')
    const y = square(g, x)
    expect(() => gradients(g, [{ value: y, gradient: one([4]) }], [x])).toThrow(
      'gradients: value (2,4) and gradient (4) differ',
    )
  })
})
