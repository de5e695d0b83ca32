import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { hasEnded, jobWhen } from '../../../test/support/fine-tuning.ts'
import { serveApp, type ServedApp } from '../../../test/support/serve-app.ts'
import { aCapture } from '../../../test/support/store-conformance.ts'
import type { Alias } from '../aliases.ts'
import type { JobView } from './stored-job.ts'

let server: ServedApp
beforeEach(() => {
  server = serveApp()
})
afterEach(() => server.remove())

/** As the starter example's recorded teacher answered. */
async function capture(count: number): Promise<void> {
  const lines = (await readFile('examples/starter/recorded/teacher.jsonl', 'utf8'))
    .split('\n')
    .slice(0, count)
  const add = (line: string, index: number): Promise<void> => {
    const { input, answer } = JSON.parse(line) as { input: string; answer: string }
    return server.deps.store.commitCapture(
      aCapture({
        id: `chatcmpl-${index}`,
        createdAtMs: 1_700_000_000_000 + index,
        answeredBy: 'upstream/big',
        workload: 'Triage',
        request: JSON.stringify({
          messages: [
            { role: 'system', content: 'Which product?' },
            { role: 'user', content: input },
          ],
        }),
        response: JSON.stringify({
          choices: [{ message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
        }),
      }),
    )
  }
  await Promise.all(lines.map(add))
}

it('that is to be evaluated is a whole run: its report is a result file, its student the alias’s version', async () => {
  await capture(120)
  const { id } = await server.json<JobView>('POST', '/distillations', {
    filter: { workload: 'Triage', since: '2023-11-14' },
    alias: 'triage',
    evaluate: true,
    hyperparameters: { n_epochs: 3 },
  })
  const job = await jobWhen(server, id, hasEnded)
  expect(job).toMatchObject({ status: 'succeeded', error: null, trained_tokens: null })
  const [curve, report] = await Promise.all(
    job.result_files.map(async (file) => (await server.ask('GET', `/files/${file}/content`)).text()),
  )
  expect(curve).toMatch(/^step,train_loss/)
  expect(report).toContain('upstream/big')
  const alias = await server.json<Alias>('GET', '/potstill/aliases/triage')
  expect(alias.versions).toMatchObject([{ model: job.fine_tuned_model, origin: 'triage/1' }])
  const { target } = await server.deps.models.resolve('triage')
  expect(target).toMatchObject({ kind: 'local', id: job.fine_tuned_model })
  const { data } = await server.json<{ data: { message: string }[] }>('GET', `/fine_tuning/jobs/${id}/events`)
  expect(data.map(({ message }) => message).find((text) => text.startsWith('triage/1: '))).toBeDefined()
})

it.each([
  [{ filter: { until: '2026-01-01' }, evaluate: true }, 'filter.until'],
  [{ filter: { limit: 10 }, evaluate: true }, 'filter.limit'],
])('refuses %j, which a run cannot hold to', async (body, param) => {
  const { error } = await server.json<{ error: { param: string } }>('POST', '/distillations', body, 400)
  expect(error.param).toBe(param)
})
