import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FineTuningJobEvent } from 'openai/resources/fine-tuning/jobs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hasEnded, jobWhen, uploadTraining } from '../../../test/support/fine-tuning.ts'
import { serveApp, type ServedApp } from '../../../test/support/serve-app.ts'
import { writeTinyModel } from '../../../test/support/tiny-model.ts'
import type { JobView } from './stored-job.ts'

const folder = mkdtempSync(join(tmpdir(), 'potstill-lm-job-'))
let server: ServedApp
beforeAll(async () => {
  server = serveApp()
  await writeTinyModel(join(folder, 'tiny'))
})
afterAll(async () => {
  await server.remove()
  rmSync(folder, { recursive: true, force: true })
})

const path = '/fine_tuning/jobs'

async function eventsOf(id: string): Promise<readonly FineTuningJobEvent[]> {
  const list = await server.json<{ data: FineTuningJobEvent[] }>('GET', `${path}/${id}/events?limit=1000`)
  return [...list.data].reverse()
}
const metricsOf = async (id: string): Promise<FineTuningJobEvent[]> =>
  (await eventsOf(id)).filter(({ type }) => type === 'metrics')

it('adapts a language model, and goes on from its checkpoint when it is paused and resumed', async () => {
  const lines = Array.from({ length: 15 }, (_, i) => {
    const animal = ['hen', 'cow', 'pig'][i % 3]
    const messages = [
      { role: 'user', content: `${i} ${animal}` },
      { role: 'assistant', content: animal },
    ]
    return `${JSON.stringify({ messages })}\n`
  })
  const file = await uploadTraining(server, lines.join(''))
  const { id } = await server.json<JobView>('POST', path, {
    model: `lm:${join(folder, 'tiny')}`,
    training_file: file.id,
    suffix: 'animals',
    hyperparameters: { n_epochs: 4, batch_size: 8, learning_rate_multiplier: 2 },
  })
  while ((await metricsOf(id)).length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  await server.json('POST', `${path}/${id}/pause`)
  const behind = (await metricsOf(id)).length
  await server.json('POST', `${path}/${id}/resume`)
  const job = await jobWhen(server, id, hasEnded)
  expect(job).toMatchObject({ status: 'succeeded', error: null })
  expect(job.fine_tuned_model).toMatch(/^ft:tiny:potstill:animals:\w{8}$/)

  const messages = (await eventsOf(id)).map(({ message }) => message)
  expect(messages.some((text) => text.startsWith('Training goes on from its checkpoint'))).toBe(true)
  const steps = (await metricsOf(id)).map(({ data }) => (data as { step: number }).step)
  expect(steps.length).toBeGreaterThan(behind)
  expect(steps).toEqual(steps.map((_, index) => index + 1))
  const result = await (await server.ask('GET', `/files/${job.result_files[0]}/content`)).text()
  expect(result.trimEnd().split('\n')).toHaveLength(steps.length + 1)
  const { target } = await server.deps.models.resolve(job.fine_tuned_model ?? '')
  const reply =
    target.kind === 'local'
      ? await target.model.complete({ messages: [{ role: 'user', content: '7 hen' }] })
      : null
  expect(['hen', 'cow', 'pig']).toContain(reply?.content)
})
