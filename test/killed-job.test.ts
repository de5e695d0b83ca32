/** The server is killed twenty times while it has jobs: every job is there afterwards, and ends as if nothing had been. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FineTuningJobEvent } from 'openai/resources/fine-tuning/jobs'
import { afterAll, expect, it } from 'vitest'
import { createJob, createJobSchema } from '../src/serve/jobs/create-job.ts'
import { findFineTuned } from '../src/serve/jobs/find-fine-tuned.ts'
import { eventKind, findJob, jobRecord } from '../src/serve/jobs/stored-job.ts'
import { openStudent } from '../src/students/registry.ts'
import { deskLines, uploadTraining } from './support/fine-tuning.ts'
import { serveApp } from './support/serve-app.ts'

const server = serveApp()
const { store, data } = server.deps
afterAll(() => server.remove())

const built = fileURLToPath(new URL('../dist/', import.meta.url))

/** The built server's jobs without the rest of it; it says what it has kept. */
const program = `
  import { openStore } from ${JSON.stringify(join(built, 'store/sqlite-store.js'))}
  import { createJobQueue } from ${JSON.stringify(join(built, 'serve/jobs/job-queue.js'))}
  import { randomUUID } from 'node:crypto'
  const [data] = process.argv.slice(1)
  const store = openStore(data)
  const told = {
    ...store,
    putRecords: async (records) => { await store.putRecords(records); process.stdout.write(records.map(({ kind }) => kind).join() + '\\n') },
    putRecord: async (record) => { await store.putRecord(record); process.stdout.write(record.kind + '\\n') },
  }
  const newId = () => randomUUID().replaceAll('-', '').slice(0, 24)
  await createJobQueue({ store: told, data, newId, now: Date.now, log: () => {} }).start()
`

interface Killable {
  readonly child: ChildProcess
  /** Resolves once so many changes were kept, or it has nothing left to do. */
  after(changes: number): Promise<void>
  readonly closed: Promise<unknown>
}

function startServer(): Killable {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let changes = 0
  child.stdout.on('data', (chunk: Buffer) => (changes += String(chunk).split('\n').length - 1))
  const closed = once(child, 'close')
  let isClosed = false
  void closed.then(() => (isClosed = true))
  return {
    child,
    closed,
    async after(wanted) {
      while (changes < wanted && !isClosed) await new Promise((resolve) => setTimeout(resolve, 2))
    },
  }
}

it('loses no job and no model to twenty kills', async () => {
  const file = await uploadTraining(server, deskLines(20))
  const ids: string[] = []
  for (let i = 0; i < 2; i++) {
    const request = createJobSchema.parse({
      model: 'micro',
      training_file: file.id,
      hyperparameters: { n_epochs: 4 },
    })
    const job = await createJob(server.deps, request)
    await store.putRecord(jobRecord(job))
    ids.push(job.view.id)
  }
  for (let kill = 0; kill < 20; kill++) {
    const running = startServer()
    // At the beginning, in the midst of the curve, and around the end.
    await running.after(1 + ((kill * 7) % 17))
    running.child.kill('SIGKILL')
    await running.closed
  }
  // Nothing keeps the process alive once the jobs are done.
  await startServer().closed

  for (const id of ids) {
    const job = await findJob(store, id)
    expect(job?.view).toMatchObject({ status: 'succeeded', error: null })
    const folder = await findFineTuned(store, data, job?.view.fine_tuned_model ?? '')
    const { model } = await openStudent(folder ?? '')
    const reply = await model.complete({ messages: [{ role: 'user', content: 'I was charged twice' }] })
    expect(JSON.parse(reply.content)).toHaveProperty('topic')
    const [result] = job?.view.result_files ?? []
    const lines = (await (await server.ask('GET', `/files/${result}/content`)).text()).trimEnd().split('\n')
    const events = (await store.listRecords(eventKind, { limit: 1000, order: 'asc' }, id)).map(
      ({ body }) => body as unknown as FineTuningJobEvent,
    )
    expect(events.filter(({ type }) => type === 'metrics')).toHaveLength(lines.length - 1)
    expect(events.filter(({ message }) => message === 'The job has successfully completed')).toHaveLength(1)
    expect(readdirSync(join(data, 'jobs', id)).filter((name) => name.includes('student'))).toHaveLength(1)
  }
  const first = (await store.listRecords(eventKind, { limit: 1000, order: 'asc' }, ids[0])).map(
    ({ body }) => (body as { message: string }).message,
  )
  expect(first).toContain('The server was stopped: the job is taken up again')
})
