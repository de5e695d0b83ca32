import { describe, expect, it } from 'vitest'
import { checkJavaScript, runJavaScript } from './javascript-sandbox.ts'

const run = (source: string): ReturnType<typeof runJavaScript> =>
  runJavaScript(
    source,
    { output_text: 'hello' },
    { wanted: 3 },
    { timeLimitMs: 200, memoryLimitBytes: 16 << 20 },
  )

describe('runJavaScript', () => {
  it('calls grade with the sample and the item', async () => {
    expect(
      await run('function grade(sample, item) { return sample.output_text.length / item.wanted }'),
    ).toEqual({
      value: 5 / 3,
    })
    expect(await run('const grade = async (sample) => ({ score: 0.5, reason: sample.output_text })')).toEqual(
      {
        value: { score: 0.5, reason: 'hello' },
      },
    )
  })

  it('has no way out', async () => {
    const names = [
      'process',
      'require',
      'fetch',
      'console',
      'setTimeout',
      'std',
      'os',
      'Worker',
      'WebAssembly',
    ]
    const source = `function grade() { return ${JSON.stringify(names)}.filter((name) => name in globalThis) }`
    expect(await run(source)).toEqual({ value: [] })
    expect(
      await run('async function grade() { return (await import("fs")).readdirSync("/") }'),
    ).toHaveProperty('error')
  })

  it('keeps nothing from one call to the next', async () => {
    const source = 'globalThis.count = (globalThis.count ?? 0) + 1; function grade() { return count }'
    expect(await run(source)).toEqual({ value: 1 })
    expect(await run(source)).toEqual({ value: 1 })
  })

  it.each([
    ['a loop', 'function grade() { for (;;); }', 'longer than 200 ms'],
    ['a loop outside of grade', 'for (;;);', 'longer than 200 ms'],
    ['an endless chain of promises', 'async function grade() { for (;;) await null }', 'longer than 200 ms'],
    [
      'a pattern that backtracks',
      'function grade() { return /(a+)+$/.test("a".repeat(40) + "b") }',
      '200 ms',
    ],
    ['too much memory', 'function grade() { return "x".repeat(1e9) }', 'memory'],
    ['endless recursion', 'function grade() { return grade() }', 'stack'],
    ['a promise that never settles', 'function grade() { return new Promise(() => {}) }', 'never settles'],
    ['nothing', 'function grade() {}', 'undefined'],
    ['an error', 'function grade() { throw new RangeError("no") }', 'RangeError: no'],
  ])('comes back from %s', async (_, source, why) => {
    expect(await run(source)).toMatchObject({ error: expect.stringContaining(why) as string })
    expect(await run('function grade() { return 1 }')).toEqual({ value: 1 })
  })

  it('serves many calls at once, also those behind one that ends the thread', async () => {
    const stuck = run('function grade() { const a = []; for (;;) a.push(new Array(1e6).fill(1.5)) }')
    const others = Array.from({ length: 5 }, () => run('function grade() { return 1 }'))
    expect(await stuck).toHaveProperty('error')
    expect(await Promise.all(others)).toEqual(others.map(() => ({ value: 1 })))
  })
})

describe('checkJavaScript', () => {
  it('compiles without calling', async () => {
    expect(await checkJavaScript('function grade() { throw new Error("called") }')).toBeNull()
    expect(await checkJavaScript('function grade( {')).toContain('SyntaxError')
    expect(await checkJavaScript('const score = 1')).toContain('no function grade')
  })
})
