import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exampleOf, repeat, taskOf } from '../../test/support/micro-examples.ts'
import { serveApp, type ServedApp } from '../../test/support/serve-app.ts'
import { drain } from '../core/event.ts'
import { microTrainer } from '../students/micro/trainer.ts'

const teacher = 'openai/gpt-6-sol'
let server: ServedApp
let run: string

/** A data folder with one run of "desk", whose student is trained. */
beforeEach(async () => {
  server = serveApp({ environment: { OPENAI_API_KEY: 'sk-test' } })
  run = join(server.deps.data, 'runs/desk/1')
  const examples = ['red roses', 'blue sky', 'red wine', 'blue sea'].map((input) =>
    exampleOf(input, input.split(' ')[0]),
  )
  const task = taskOf({ kind: 'labels', labels: ['red', 'blue'] })
  const options = { name: 'desk', version: 1, seed: 1, epochs: 3, folder: join(run, 'train/student') }
  await drain(
    microTrainer.train(task, { training: repeat(examples, 3), validation: [] }, options),
    () => undefined,
  )
  await writeFile(
    join(run, 'run.json'),
    JSON.stringify({ format: 1, id: 'desk/1', name: 'desk', number: 1, startedAt: '2026-01-01' }),
  )
})
afterEach(() => server.remove())

const report = (threshold: number | null): Promise<void> =>
  writeFile(join(run, 'report.json'), JSON.stringify({ coverage: { chosenThreshold: threshold } }))

it("a teacher behind a run's student answers below the threshold that the run has chosen", async () => {
  await report(0.73)
  await server.json('POST', '/potstill/aliases/support', { model: 'desk', teacher })
  const { target, teacher: behind, threshold } = await server.deps.models.resolve('support')
  expect([target.id, behind?.id, threshold]).toEqual(['student/desk@1', teacher, 0.73])
  await server.json('POST', '/potstill/aliases/support', { model: 'desk', teacher, threshold: 0.5 })
  expect((await server.deps.models.resolve('support')).threshold).toBe(0.5)
})

it('a threshold must be given where no run has chosen one', async () => {
  for (const prepare of [() => Promise.resolve(), () => report(null)]) {
    await prepare()
    const refusal = await server.json<{ error: { param: string } }>(
      'POST',
      '/potstill/aliases/support',
      { model: 'desk', teacher },
      400,
    )
    expect(refusal.error.param).toBe('threshold')
  }
})
