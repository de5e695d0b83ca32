import { afterEach, describe, expect, it, vi } from 'vitest'
import { createGraph, type Graph } from './graph.ts'
import { add, cast, equal, exp, matmul, scale, softmax } from './operations.ts'
import { openSession } from './session.ts'

function double(): Graph {
  const g = createGraph()
  g.output('y', scale(g, g.input('x', [3]), 2))
  return g
}

describe('a session', () => {
  it('reads and writes parts of larger arrays in place', async () => {
    const session = await openSession(double())
    const all = Float32Array.of(9, 1, 2, 3, 9, 9, 9, 9)
    const result = await session.run({ x: all.subarray(1, 4) }, { y: all.subarray(4, 7) })
    expect([...all]).toEqual([9, 1, 2, 3, 2, 4, 6, 9])
    expect(result.y.buffer).toBe(all.buffer)
    await session.close()
  })

  it('gives the same bits twice, whatever the number of threads', async () => {
    const g = createGraph()
    const x = g.input('x', [64, 256])
    g.output('y', softmax(g, matmul(g, x, x, { transposeB: true })))
    const data = Float32Array.from({ length: 64 * 256 }, (_, i) => Math.sin(i))
    const results: Uint8Array[] = []
    for (const threads of [1, 2, 1]) {
      const session = await openSession(g, { threads })
      for (const run of [session.run({ x: data }), session.run({ x: data })]) {
        results.push(new Uint8Array(((await run).y as Float32Array).slice().buffer))
      }
      await session.close()
    }
    for (const result of results) expect(Buffer.compare(result, results[0])).toBe(0)
  })

  it('takes and gives every type of element', async () => {
    const g = createGraph()
    for (const type of ['float32', 'int32', 'int64', 'uint8', 'int8', 'bool'] as const) {
      g.output(`${type}.out`, cast(g, g.input(type, [1], type), 'float32'))
      g.output(`${type}.back`, cast(g, g.constant([1], [1]), type))
    }
    g.output('equal', equal(g, g.constant([1, 2], [2], 'int64'), g.constant([2], [], 'int64')))
    const session = await openSession(g)
    const result = await session.run({
      float32: Float32Array.of(1),
      int32: Int32Array.of(1),
      int64: BigInt64Array.of(1n),
      uint8: Uint8Array.of(1),
      int8: Int8Array.of(1),
      bool: Uint8Array.of(1),
    })
    const { equal: compared, ...others } = result
    expect([...compared]).toEqual([0, 1])
    expect(Object.values(others).map((array) => Number(array[0]))).toEqual(Array(12).fill(1))
    await session.close()
  })

  it('needs no input that no output depends on', async () => {
    const g = double()
    const unused = g.input('unused', [2])
    exp(g, unused)
    const session = await openSession(g)
    const x = Float32Array.of(1, 2, 3)
    expect([...(await session.run({ x })).y]).toEqual([2, 4, 6])
    expect([...(await session.run({ x, unused: new Float32Array(2) })).y]).toEqual([2, 4, 6])
    await session.close()
  })

  it('refuses arrays that do not fit, by name', async () => {
    const session = await openSession(double())
    const x = new Float32Array(3)
    await expect(session.run({})).rejects.toThrow('run: input "x" is missing')
    await expect(session.run({ x, z: x })).rejects.toThrow('run: there is no input "z"; there are x')
    await expect(session.run({ x }, { z: x })).rejects.toThrow('run: there is no output "z"; there are y')
    await expect(session.run({ x: new Int32Array(3) })).rejects.toThrow(
      'run: input "x" is float32, got Int32Array',
    )
    await expect(session.run({ x: new Float32Array(4) })).rejects.toThrow(
      'input "x" (3) takes 3 numbers, got 4',
    )
    await expect(session.run({ x }, { y: new Float32Array(2) })).rejects.toThrow(
      'output "y" (3) takes 3 numbers',
    )
    const shared = new Float32Array(new SharedArrayBuffer(12))
    await expect(session.run({ x: shared })).rejects.toThrow('run: input "x" lies in a SharedArrayBuffer')
    await session.close()
  })

  it('reads large constants where they lie, also within a larger array', async () => {
    const g = createGraph()
    const numbers = Float32Array.from({ length: 5000 }, (_, i) => i)
    g.output('y', add(g, g.input('x', [1]), g.constant(numbers.subarray(1000, 3000), [2000])))
    const session = await openSession(g)
    const { y } = await session.run({ x: Float32Array.of(1) })
    expect([y[0], y[1999]]).toEqual([1001, 3000])
    await session.close()
    await expect(session.run({ x: Float32Array.of(1) })).rejects.toThrow('disposed')
  })
})

describe('without ONNX Runtime', () => {
  afterEach(() => {
    vi.doUnmock('onnxruntime-node')
    vi.resetModules()
  })

  it('says the one command that adds it', async () => {
    vi.resetModules()
    vi.doMock('onnxruntime-node', () => {
      throw new Error('Cannot find package')
    })
    const { openSession } = await import('./session.ts')
    await expect(openSession(double())).rejects.toMatchObject({
      code: 'ENGINE_MISSING',
      message: expect.stringContaining('onnxruntime-node is missing or does not load'),
      hint: expect.stringContaining('npm install onnxruntime-node'),
    })
  })
})
