/** A server that is killed again and again during jobs: each job goes on and makes the model it would have made. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import OpenAI, { toFile } from 'openai'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createRandom } from '../src/core/random.ts'

const kills = 4
let data: string
let child: ChildProcess | null = null
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'potstill-killed-'))
})
afterEach(async () => {
  await kill()
  await rm(data, { recursive: true, force: true })
})

async function start(): Promise<OpenAI> {
  const started = spawn(process.execPath, ['test/support/serve-process.js', data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child = started
  const [line] = (await once(started.stdout, 'data')) as [Buffer]
  return new OpenAI({ baseURL: line.toString().trim(), apiKey: 'none', maxRetries: 0 })
}

async function kill(): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Chat lines of an example whose student takes a while to train. */
async function trainingLines(count: number): Promise<string> {
  const file = 'examples/support-desk/recorded/with-guide.jsonl'
  const records = (await readFile(file, 'utf8')).trimEnd().split('\n').slice(0, count)
  return records
    .map((line) => {
      const { input, answer } = JSON.parse(line) as { input: string; answer: unknown }
      const messages = [
        { role: 'user', content: input },
        { role: 'assistant', content: typeof answer === 'string' ? answer : JSON.stringify(answer) },
      ]
      return `${JSON.stringify({ messages })}\n`
    })
    .join('')
}

async function upload(client: OpenAI, rows: number): Promise<string> {
  const file = await toFile(Buffer.from(await trainingLines(rows)), 'rows.jsonl')
  return (await client.files.create({ file, purpose: 'fine-tune' })).id
}

async function studentHash(job: string): Promise<string> {
  const folder = join(data, 'jobs', job)
  const students = (await readdir(folder)).filter((name) => name.includes('student-'))
  expect(students).toHaveLength(1)
  const hash = createHash('sha256')
  const manifest = await readFile(join(folder, students[0], 'manifest.json'), 'utf8')
  // The job's own name is in it; all else is the same for the same rows and seed.
  return hash.update(manifest.replaceAll(job, '')).digest('hex')
}

type Job = OpenAI.FineTuning.FineTuningJob

async function ended(client: OpenAI, id: string): Promise<Job> {
  for (;;) {
    const job = await client.fineTuning.jobs.retrieve(id)
    if (job.finished_at !== null) return job
    await wait(50)
  }
}

it('takes its jobs up again after kill -9, loses no event, and trains the same student', async () => {
  const random = createRandom(7)
  let client = await start()
  const many = await upload(client, 60)
  const few = await upload(client, 10)
  const create = (file: string): Promise<Job> =>
    client.fineTuning.jobs.create({ model: 'micro', training_file: file, seed: 3 })
  const undisturbed = await ended(client, (await create(many)).id)
  const { id } = await create(many)
  const waiting = await create(few)
  let seen: string[] = []
  for (let round = 0; round < kills; round++) {
    await wait(Math.floor(random.next() * 1200))
    const events = await client.fineTuning.jobs.listEvents(id, { limit: 100 })
    seen = events.data.map((event) => event.id)
    await kill()
    client = await start()
  }
  const job = await ended(client, id)
  expect(job).toMatchObject({ status: 'succeeded', error: null })
  const events: string[] = []
  let takenUp = 0
  for await (const event of client.fineTuning.jobs.listEvents(id, { limit: 7 })) {
    events.push(event.id)
    if (event.message.includes('taken up again')) takenUp++
  }
  expect(takenUp).toBeGreaterThan(1)
  expect(seen.filter((event) => !events.includes(event))).toEqual([])
  expect(new Set(events).size).toBe(events.length)
  expect(await studentHash(id)).toBe(await studentHash(undisturbed.id))
  expect(await ended(client, waiting.id)).toMatchObject({ status: 'succeeded' })
})
