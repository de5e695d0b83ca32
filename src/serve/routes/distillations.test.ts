import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveApp, type ServedApp } from '../../../test/support/serve-app.ts'
import { aCapture } from '../../../test/support/store-conformance.ts'
import { resolveAlias } from '../aliases.ts'
import type { JobView } from '../jobs/stored-job.ts'

let server: ServedApp
beforeEach(() => {
  server = serveApp()
})
afterEach(() => server.remove())

/** Traffic of the workload "triage", as the starter example's recorded teacher answered it. */
async function capture(count: number): Promise<void> {
  const lines = (await readFile('examples/starter/recorded/teacher.jsonl', 'utf8'))
    .split('\n')
    .slice(0, count)
  const add = async (line: string, index: number): Promise<void> => {
    const { input, answer } = JSON.parse(line) as { input: string; answer: string }
    const messages = [
      { role: 'system', content: 'Which product?' },
      { role: 'user', content: input },
    ]
    const choices = [{ message: { role: 'assistant', content: answer }, finish_reason: 'stop' }]
    await server.deps.store.commitCapture(
      aCapture({
        id: `chatcmpl-${index}`,
        createdAtMs: 1_700_000_000_000 + index * 1000,
        model: 'triage',
        answeredBy: index % 10 === 0 ? 'student/triage@1' : 'openai/big',
        workload: 'triage',
        metadata: { tier: index % 2 === 0 ? 'gold' : 'silver' },
        request: JSON.stringify({ model: 'triage', messages }),
        response: JSON.stringify({ choices }),
        stored: false,
      }),
    )
  }
  await Promise.all(lines.map(add))
}

interface Distillation {
  readonly id: string
  readonly training_file: string
  readonly rows: number
  readonly left_out: Record<string, number>
  readonly job: JobView
}

async function ended(id: string): Promise<JobView> {
  for (;;) {
    const job = await server.json<JobView>('GET', `/fine_tuning/jobs/${id}`)
    if (job.finished_at !== null) return job
    await wait(50)
  }
}

describe('a distillation', () => {
  it('makes a file of the selected traffic, trains on it, and offers the model as an alias’s next version, which does not answer by itself', async () => {
    await capture(150)
    const made = await server.json<Distillation>('POST', '/distillations', {
      filter: { workload: 'triage' },
      alias: 'triage',
      metadata: { round: '1' },
    })
    expect(made.left_out).toMatchObject({ 'answered by a student': 15 })
    expect(made.rows).toBeGreaterThan(100)
    const content = await (await server.ask('GET', `/files/${made.training_file}/content`)).text()
    const lines = content.trimEnd().split('\n')
    expect(lines).toHaveLength(made.rows)
    expect(JSON.parse(lines[0])).toMatchObject({
      messages: [{ role: 'system', content: 'Which product?' }, { role: 'user' }, { role: 'assistant' }],
    })
    const job = await ended(made.id)
    expect(job).toMatchObject({ status: 'succeeded', metadata: { round: '1' } })
    const { store } = server.deps
    // A new alias answers with the one version that it has.
    expect(await resolveAlias(store, 'triage')).toMatchObject({ model: job.fine_tuned_model, origin: job.id })
    const again = await server.json<Distillation>('POST', '/distillations', { alias: 'triage' })
    const second = await ended(again.id)
    expect(await resolveAlias(store, 'triage@2')).toMatchObject({ model: second.fine_tuned_model })
    expect(await resolveAlias(store, 'triage')).toMatchObject({ model: job.fine_tuned_model })
  })

  it('selects by metadata and by time', async () => {
    await capture(60)
    const filter = { metadata: { tier: 'silver' }, since: 1_700_000_020, until: '2023-11-14T22:13:50Z' }
    const made = await server.json<Distillation>('POST', '/distillations', { filter })
    // Seconds 20 to 29 after the first: 21, 23, 25, 27 and 29 are silver.
    expect(made.rows + Object.values(made.left_out).reduce((sum, rows) => sum + rows, 0)).toBe(5)
    await server.json('POST', `/fine_tuning/jobs/${made.id}/cancel`)
  })

  it.each([
    [{ filter: { workload: 'nobody' } }, 'filter'],
    [{ filter: { since: 'yesterday' } }, 'filter.since'],
    [{ filter: { work: 'x' } }, 'filter'],
    [{ alias: 'No Name' }, 'alias'],
    [{ student: 'lm:no/such-model' }, 'model'],
  ])('refuses %j and leaves nothing behind', async (body, param) => {
    await capture(20)
    const { error } = await server.json<{ error: { param: string } }>('POST', '/distillations', body, 400)
    expect(error.param).toBe(param)
    expect(await server.json('GET', '/files')).toMatchObject({ data: [] })
    expect(await server.json('GET', '/fine_tuning/jobs')).toMatchObject({ data: [] })
  })
})
