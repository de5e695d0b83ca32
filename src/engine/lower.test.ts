import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { gradients } from './gradients.ts'
import { createGraph, type Graph } from './graph.ts'
import { listing, lower, toOnnx } from './lower.ts'
import {
  add,
  exp,
  linear,
  matmulNBits,
  mean,
  reshape,
  rmsNorm,
  silu,
  square,
  subtract,
} from './operations.ts'
import { openSession } from './session.ts'

/** A small layer with the gradient of its weight. */
function layer(): Graph {
  const g = createGraph()
  const x = g.input('x', [2, 3])
  const w = g.input('w', [3, 3])
  const normed = rmsNorm(g, x, g.constant([1, 1, 1], [3]), 1e-5)
  const loss = mean(g, square(g, subtract(g, silu(g, linear(g, normed, w)), g.input('wanted', [2, 3]))))
  const [dw] = gradients(g, [{ value: loss, gradient: g.constant([1], []) }], [w])
  g.output('loss', loss)
  g.output('dw', dw)
  return g
}

describe('a lowered graph', () => {
  it('is a readable list of ONNX nodes, without what no output needs', () => {
    expect(listing(lower(layer()))).toMatchInlineSnapshot(`
      "input x float32(2,3)
      input w float32(3,3)
      input wanted float32(2,3)
      constant #2 float32(3)
      constant #11 float32()
      constant #13 float32()
      constant #23 float32()
      constant #int64(2)[0,1] int64(2)
      constant #int64(2)[1,1] int64(2)
      constant #int64(2)[2,3] int64(2)
      #3 = SimplifiedLayerNormalization(x, #2) axis=-1 epsilon=0.00001 stash_type=1
      #5 = Gemm(#3, w) transB=1
      #6 = QuickGelu(#5) alpha=1
      #8 = Sub(#6, wanted)
      #9 = Mul(#8, #8)
      #10 = ReduceSum(#9, #int64(2)[0,1]) keepdims=0
      loss = Mul(#10, #11)
      #14 = Mul(#13, #11)
      #16 = Reshape(#14, #int64(2)[1,1])
      #17 = Expand(#16, #int64(2)[2,3])
      #18 = Mul(#17, #8)
      #19 = Mul(#17, #8)
      #20 = Add(#18, #19)
      #22 = Sigmoid(#5)
      #24 = Sub(#23, #22)
      #25 = Mul(#6, #24)
      #26 = Add(#22, #25)
      #27 = Mul(#20, #26)
      dw = Gemm(#27, #3) transA=1
      output loss float32()
      output dw float32(3,3)"
    `)
  })

  it('uses no operator but those of the standard where asked', () => {
    const domains = lower(layer(), { contributed: false }).nodes.map(({ domain }) => domain)
    expect(domains.filter((domain) => domain !== undefined)).toEqual([])
    const g = createGraph()
    const packed = g.input('packed', [1, 1, 32], 'uint8')
    g.output('y', matmulNBits(g, g.input('x', [1, 32]), packed, g.input('scales', [1, 1])))
    expect(() => lower(g, { contributed: false })).toThrow(
      'matmulNBits: only ONNX Runtime has it, standard ONNX does not',
    )
  })

  it('is the same model in either form', async () => {
    const feeds = {
      x: Float32Array.of(1, 2, 3, -1, 0, 1),
      w: Float32Array.of(1, 0, 2, 0, 1, 0, -1, 0, 1),
      wanted: Float32Array.of(1, 2, 3, 1, 2, 3),
    }
    const [own, standard] = [await openSession(layer()), await openSession(layer(), { contributed: false })]
    const first = await own.run(feeds)
    const second = await standard.run(feeds)
    for (const [i, value] of first.dw.entries()) expect(Number(second.dw[i])).toBeCloseTo(Number(value), 5)
    await own.close()
    await standard.close()
  })

  it('gives outputs that are inputs, constants or one another a node of their own', async () => {
    const g = createGraph()
    const x = g.input('x', [2])
    const y = exp(g, x)
    g.output('same', x)
    g.output('first', y)
    g.output('second', y)
    g.output('constant', g.constant([4, 5], [2]))
    const session = await openSession(g)
    const result = await session.run({ x: Float32Array.of(0, 0) })
    expect(Object.values(result).map((array) => [...array])).toEqual([
      [0, 0],
      [1, 1],
      [1, 1],
      [4, 5],
    ])
    await session.close()
  })

  it('is an ONNX file with its constants inside', async () => {
    const g = createGraph()
    const x = g.input('x', [2000])
    g.output('y', add(g, x, g.constant(new Float32Array(2000).fill(3), [2000])))
    const session = await InferenceSession.create(toOnnx(g))
    const { y } = await session.run({ x: new Tensor('float32', new Float32Array(2000).fill(1), [2000]) })
    expect((y.data as Float32Array).every((value) => value === 4)).toBe(true)
    await session.release()
  })

  it('needs an output', () => {
    const g = createGraph()
    reshape(g, g.input('x', [2, 3]), [6])
    expect(() => lower(g)).toThrow('graph: it has no outputs')
  })
})
