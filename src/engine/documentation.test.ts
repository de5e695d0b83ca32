/** docs/engine.md: its example runs, its table is complete. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as engine from './index.ts'
import { gradientRules } from './gradient-rules.ts'
import * as operations from './operations.ts'

const page = readFileSync(resolve('docs/engine.md'), 'utf8')

describe('docs/engine.md', () => {
  it('has an example that gives what it says', async () => {
    const example = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
    const body = example.replace(/^import (\{.*\}) from 'potstill\/engine'$/m, 'const $1 = engine')
    const printed: unknown[] = []
    // oxlint-disable-next-line no-implied-eval
    const run = new Function('engine', 'console', `return (async () => {${body}})()`) as (
      ...names: unknown[]
    ) => Promise<void>
    await run(engine, { log: (value: unknown) => printed.push(value) })
    expect(printed).toEqual([Float32Array.of(2, 1)])
  })

  it('lists every operation, and whether it has a gradient', () => {
    const rows = [...page.matchAll(/^\| (`.*`) \| .* \| (yes|no)/gm)]
    const listed = new Map(
      rows.flatMap(([, names, gradient]) =>
        names.split(', ').map((name) => [name.replaceAll('`', ''), gradient]),
      ),
    )
    expect([...listed.keys()].sort()).toEqual(Object.keys(operations).sort())
    for (const [name, rule] of Object.entries(gradientRules)) {
      expect([name, listed.get(name)]).toEqual([name, rule === 'not differentiable' ? 'no' : 'yes'])
    }
  })

  it('speaks of what can be imported', () => {
    expect(Object.keys(engine)).toEqual(expect.arrayContaining(Object.keys(operations)))
  })
})
