import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drain } from '../../core/event.ts'
import type { Json } from '../../core/json.ts'
import type { Example } from '../../core/row.ts'
import type { Task } from '../../core/task.ts'
import { deskExamples, deskTask } from '../../../test/support/desk-examples.ts'
import { exampleOf, taskOf } from '../../../test/support/micro-examples.ts'
import { openStudent } from '../registry.ts'
import { exportModule } from './export.ts'
import { microTrainer } from './trainer.ts'

const run = promisify(execFile)

interface Answer {
  readonly output: Json
  readonly confidence: number
}

let parent: string

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'potstill-export-'))
})

afterAll(() => rm(parent, { recursive: true }))

async function exported(name: string, task: Task, training: readonly Example[]) {
  const folder = join(parent, name)
  const options = { name, version: 1, seed: 1, epochs: 8, folder }
  await drain(microTrainer.train(task, { training, validation: [] }, options), () => undefined)
  const file = join(parent, 'out', `${name}.mjs`)
  await exportModule(folder, file)
  return { folder, file }
}

/** What a plain Node process gets from the module; nothing of ours is loaded there. */
async function answersInNode(file: string, inputs: readonly string[]): Promise<readonly Answer[]> {
  const script = join(parent, 'ask.mjs')
  const list = join(parent, 'inputs.json')
  await writeFile(list, JSON.stringify(inputs))
  await writeFile(
    script,
    `import { readFileSync } from 'node:fs'
     delete globalThis.Buffer
     delete globalThis.process.versions
     const { answer } = await import(${JSON.stringify(file)})
     console.log(JSON.stringify(JSON.parse(readFileSync(${JSON.stringify(list)}, 'utf8')).map(answer)))`,
  )
  const { stdout } = await run(process.execPath, [script], { maxBuffer: 1e8 })
  return JSON.parse(stdout) as Answer[]
}

describe('the exported module', () => {
  let paths: { folder: string; file: string }

  beforeAll(async () => {
    paths = await exported('desk', deskTask, deskExamples(60))
  })

  it('answers as the student does, in a plain Node process', async () => {
    const inputs = [
      ...deskExamples(50, 2).map(({ row }) => row.input),
      '',
      '\ud800',
      '__proto__',
      'a '.repeat(50_000),
    ]
    const { model } = await openStudent(paths.folder)
    const answers = await answersInNode(paths.file, inputs)
    for (const [index, input] of inputs.entries()) {
      const reply = await model.complete({ messages: [{ role: 'user', content: input }] })
      expect(answers[index].output).toEqual(JSON.parse(reply.content))
      expect(Math.abs(answers[index].confidence - (reply.confidence ?? NaN))).toBeLessThan(0.05)
    }
  })

  it('imports nothing and leaves nothing beside it but its types', async () => {
    const source = await readFile(paths.file, 'utf8')
    expect(source).not.toMatch(/\bimport\b|\brequire\b|\bBuffer\b|\bprocess\b/)
    expect((await readdir(join(parent, 'out'))).sort()).toEqual(['desk.d.mts', 'desk.mjs'])
  })

  it('says what it is', async () => {
    const { manifest } = (await import(paths.file)) as { manifest: unknown }
    expect(manifest).toMatchObject({ name: 'desk', version: 1, training: { rows: 60 } })
  })

  it('has types that fit', async () => {
    const use = join(parent, 'use.mts')
    await writeFile(
      use,
      `import { answer, manifest, type Output } from './out/desk.mjs'
       const { output, confidence } = answer('x')
       const topic: 'billing' | 'access' | 'sync' | 'other' = output.topic
       const reference: string | null = output.order.reference
       const same: Output = output
       // @ts-expect-error -- no such topic
       const wrong: boolean = output.topic === 'tax'
       console.log(topic, reference, same, wrong, confidence + manifest.version)`,
    )
    const compiler = new URL('../../../node_modules/typescript/bin/tsc', import.meta.url).pathname
    const options = '--ignoreConfig --noEmit --strict --target es2022 --module nodenext --types'.split(' ')
    const result = await run(process.execPath, [compiler, ...options, '', use]).catch(
      (error: unknown) => error,
    )
    expect(result).toMatchObject({ stdout: '' })
  })

  it('holds only the parts that the task needs', async () => {
    const task = taskOf({ kind: 'labels', labels: ['a', 'b'] })
    const { file } = await exported('constant', task, [exampleOf('x', 'a'), exampleOf('y', 'a')])
    expect(await answersInNode(file, ['x'])).toEqual([{ output: 'a', confidence: 0.75 }])
    expect((await readFile(file, 'utf8')).length).toBeLessThan(20_000)
  })
})
