/** The built command line as users meet it: words in, output, exit codes. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, type Finished } from './support/built-command.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const potstill = (words: readonly string[], input?: string): Promise<Finished> =>
  runCommand(words, { cwd: folder, ...(input === undefined ? {} : { input }) })

describe('help and usage', () => {
  it('lists the commands in the order in which one needs them', async () => {
    const { stdout, code } = await potstill(['--help'])
    expect(code).toBe(0)
    const names = [...stdout.matchAll(/^ {2}([a-z]+) \[/gm)].map(([, name]) => name)
    expect(names.join(' ')).toBe(
      'init import run compare evaluate generate curate train report predict export serve trace models runs doctor',
    )
  })

  it('prints the version', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
    expect((await potstill(['--version'])).stdout.trim()).toBe(version)
  })

  it('exits with 2 for an unknown command, an unknown option and a missing argument', async () => {
    const results = [
      await potstill(['distil']),
      await potstill(['run', '--frsh']),
      await potstill(['predict']),
    ]
    expect(results.map(({ code }) => code)).toEqual([2, 2, 2])
    expect(results.map(({ stdout }) => stdout)).toEqual(['', '', ''])
  })

  it('exits with 2 for a seed that is no whole number', async () => {
    const { code, stderr } = await potstill(['run', '--seed', 'x'])
    expect(code).toBe(2)
    expect(stderr).toContain('--seed must be a whole number')
  })
})

describe('errors', () => {
  it('say what, where and what to do, and are JSON on stdout when asked', async () => {
    const { code, stdout, stderr } = await potstill(['run', 'absent.yaml', '--json'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/CONFIG_NOT_FOUND {2}.*absent\.yaml/)
    expect(stderr).toContain('hint: Run `potstill init`')
    expect(stderr).toContain('docs/errors.md#config_not_found')
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CONFIG_NOT_FOUND' } })
  })

  it('name the line of a wrong key before anything is written', async () => {
    await writeFile(
      join(folder, 'wrong.yaml'),
      'name: x\ntask: {}\ndata: { unlabelled: rows.jsonl }\nteacher: { modle: a }\n',
    )
    const { code, stderr } = await potstill(['run', 'wrong.yaml'])
    expect(code).toBe(1)
    expect(stderr).toContain('wrong.yaml:4')
    expect(stderr).toContain('Did you mean "model"?')
    expect(existsSync(join(folder, '.potstill', 'runs'))).toBe(false)
  })

  it('name a missing key variable before anything is sent', async () => {
    await writeFile(
      join(folder, 'rows.jsonl'),
      Array.from({ length: 20 }, (_, i) => `{"input":"row ${i}"}\n`).join(''),
    )
    await writeFile(
      join(folder, 'keyless.yaml'),
      'name: keyless\ntask: { output: { labels: [a, b] } }\ndata: { unlabelled: rows.jsonl }\nteacher: { model: openai/gpt-6-sol }\n',
    )
    const { code, stderr } = await potstill(['run', 'keyless.yaml'])
    expect(code).toBe(1)
    expect(stderr).toContain('MODEL_KEY_MISSING')
    expect(stderr).toContain('OPENAI_API_KEY')
  })
})

describe('from init to export', () => {
  it('runs what init wrote, and answers with the student and its exported module', async () => {
    expect((await potstill(['init', '--folder', 'task'])).stdout).toContain(
      'Next: potstill run task/potstill.yaml',
    )
    expect((await potstill(['init', '--folder', 'task'])).stderr).toContain('FILE_EXISTS')

    const run = await potstill(['run', 'task/potstill.yaml', '--json'])
    expect(run.stderr).not.toContain('unexpected')
    expect(run.code).toBe(0)
    const result = JSON.parse(run.stdout) as {
      run: string
      report: string
      arms: {
        role: string
        rows: number
        score: number
        interval: [number, number]
        valid: number
        fields: object
      }[]
    }
    expect(result.run).toBe('starter/1')
    expect(result.arms.map((arm) => arm.role)).toEqual(
      expect.arrayContaining(['teacher', 'floor', 'before', 'after']),
    )
    for (const { interval, score, rows } of result.arms) {
      expect(rows).toBe(100)
      expect(interval[0]).toBeLessThanOrEqual(score)
      expect(interval[1]).toBeGreaterThanOrEqual(score)
    }
    const score = (role: string): number => result.arms.find((arm) => arm.role === role)?.score ?? NaN
    expect(score('after')).toBeGreaterThan(score('floor'))
    expect(await readFile(result.report, 'utf8')).toContain('<!doctype html>')

    const again = await potstill(['run', 'task/potstill.yaml', '--json'])
    expect(JSON.parse(again.stdout)).toEqual(result)

    const text = 'My invoice is wrong, please send a new one.'
    const predicted = await potstill(['predict', 'starter', text, '--json'])
    const answer = JSON.parse(predicted.stdout) as { id: string; output: string; confidence: number }
    expect(answer.output).toBe('billing')
    expect((await potstill(['predict', 'starter@1', '--json'], text)).stdout).toBe(predicted.stdout)

    await writeFile(
      join(folder, 'inputs.jsonl'),
      `{"id":"a","message":${JSON.stringify(text)}}\n{"id":"b","message":"x"}\n`,
    )
    const lines = (await potstill(['predict', 'starter', '--input', 'inputs.jsonl', '--json'])).stdout
      .trim()
      .split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['a', 'b'])

    expect((await potstill(['export', 'starter', 'starter.mjs'])).code).toBe(0)
    const exported = (await import(pathToFileURL(join(folder, 'starter.mjs')).href)) as {
      answer: (input: string) => { output: unknown }
    }
    expect(exported.answer(text).output).toBe('billing')
    expect((await potstill(['export', 'starter', 'starter.mjs'])).stderr).toContain('FILE_EXISTS')

    expect((await potstill(['models'])).stdout).toContain('starter@1')
    expect((await potstill(['runs'])).stdout).toMatch(/starter\/1 +done/)
    expect((await potstill(['doctor', 'task/potstill.yaml'])).code).toBe(0)
  })

  it('says which students there are not', async () => {
    const { code, stderr } = await potstill(['predict', 'nobody', 'text'])
    expect(code).toBe(1)
    expect(stderr).toContain('STUDENT_NOT_FOUND')
  })
})
