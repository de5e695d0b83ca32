/** The official client for Node against a listening server: the hosted workflow with nothing changed but the base URL. */
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI, { toFile } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../src/core/store.ts'
import { startServer, type RunningServer } from '../src/serve/server.ts'
import { openStore } from '../src/store/sqlite-store.ts'
import { deskLines } from './support/fine-tuning.ts'

let data: string
let store: Store
let server: RunningServer
let client: OpenAI
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'potstill-client-'))
  store = openStore(data)
  server = await startServer({
    store,
    data,
    folder: data,
    environment: {},
    log: () => {},
    host: '127.0.0.1',
    port: 0,
  })
  client = new OpenAI({ baseURL: server.baseUrl, apiKey: 'none', maxRetries: 0 })
})
afterAll(async () => {
  await server.close()
  await store.close()
  rmSync(data, { recursive: true, force: true })
})

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const upload = (content: string, name = 'train.jsonl') =>
  toFile(Buffer.from(content), name).then((file) => client.files.create({ file, purpose: 'fine-tune' }))

describe('the openai client', () => {
  it('uploads, trains, follows, uses the model, and cleans up', async () => {
    const file = await client.files.waitForProcessing((await upload(deskLines(40))).id)
    expect(file.status).toBe('processed')
    const created = await client.fineTuning.jobs.create({
      model: 'micro',
      training_file: file.id,
      suffix: 'desk',
      metadata: { team: 'support' },
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 2 } } },
    })
    let job = created
    while (job.status !== 'succeeded' && job.status !== 'failed') {
      await new Promise((resolve) => setTimeout(resolve, 50))
      job = await client.fineTuning.jobs.retrieve(created.id)
    }
    expect(job).toMatchObject({ status: 'succeeded', error: null })

    // Pages of two: the client follows `after` and stops at `has_more`.
    const events = await collect(client.fineTuning.jobs.listEvents(job.id, { limit: 2 }))
    expect(events[0].message).toBe('The job has successfully completed')
    expect(events.at(-1)?.message).toBe(`Created fine-tuning job: ${job.id}`)
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
    expect(events.some(({ type }) => type === 'metrics')).toBe(true)
    const [checkpoint] = await collect(client.fineTuning.jobs.checkpoints.list(job.id))
    const result = await client.files.content(job.result_files[0])
    expect(await result.text()).toMatch(
      /^step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,/,
    )

    const messages = [{ role: 'user' as const, content: 'Hello, I was charged twice, no hurry at all.' }]
    for (const model of [job.fine_tuned_model ?? '', checkpoint.fine_tuned_model_checkpoint]) {
      const answer = await client.chat.completions.create({
        model,
        messages,
        store: true,
        metadata: { by: 'test' },
      })
      expect(JSON.parse(answer.choices[0].message.content ?? '')).toMatchObject({ topic: 'billing' })
    }
    const stored = await collect(client.chat.completions.list({ metadata: { by: 'test' }, limit: 1 }))
    expect(stored).toHaveLength(2)
    const kept = await collect(client.chat.completions.messages.list(stored[0].id))
    expect(kept).toMatchObject([{ id: `${stored[0].id}-0`, content: messages[0].content }])
    await client.chat.completions.update(stored[0].id, { metadata: { by: 'nobody' } })
    expect(await collect(client.chat.completions.list({ metadata: { by: 'test' } }))).toHaveLength(1)
    expect(await client.chat.completions.delete(stored[1].id)).toMatchObject({ deleted: true })

    expect((await collect(client.models.list())).map(({ id }) => id)).toContain(job.fine_tuned_model)
    expect(await client.models.retrieve(job.fine_tuned_model ?? '')).toMatchObject({ owned_by: 'potstill' })
    expect(await client.models.delete(job.fine_tuned_model ?? '')).toMatchObject({ deleted: true })
    expect(
      (await collect(client.fineTuning.jobs.list({ metadata: { team: 'support' } }))).map(({ id }) => id),
    ).toEqual([job.id])
  })

  it('deletes all files while it pages through them', async () => {
    for (let i = 0; i < 5; i++) await upload(deskLines(2, i))
    for await (const file of client.files.list({ limit: 2 })) await client.files.delete(file.id)
    expect(await collect(client.files.list())).toEqual([])
  })

  it('gets errors of the classes that it knows', async () => {
    await expect(client.files.retrieve('file-none')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    await expect(client.fineTuning.jobs.retrieve('ftjob-none')).rejects.toMatchObject({
      status: 404,
      code: 'not_found',
    })
    const broken = upload('{"messages": 1}\n')
    await expect(broken).rejects.toBeInstanceOf(OpenAI.BadRequestError)
    await expect(broken).rejects.toMatchObject({
      param: 'file',
      message: expect.stringContaining('train.jsonl:1') as string,
    })
    const { id } = await upload(deskLines(2))
    const dpo = client.fineTuning.jobs.create({ model: 'micro', training_file: id, method: { type: 'dpo' } })
    await expect(dpo).rejects.toMatchObject({ status: 400, code: 'unsupported_method' })
  })

  it('may declare too large a file, or leave in the midst of one: nothing stays', async () => {
    const url = new URL(`${server.baseUrl}/files`)
    const form = { 'content-type': 'multipart/form-data; boundary=b' }
    const declared = request(url, {
      method: 'POST',
      headers: { ...form, 'content-length': 600 * 1024 * 1024 },
    })
    declared.on('error', () => {})
    declared.flushHeaders()
    const [answer] = (await once(declared, 'response')) as [IncomingMessage]
    expect(answer.statusCode).toBe(413)
    declared.destroy()

    const leaving = request(url, { method: 'POST', headers: form })
    leaving.on('error', () => {})
    leaving.write('--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n')
    leaving.write('x'.repeat(300_000))
    const partial = (): boolean => readdirSync(join(data, 'files')).some((name) => name.endsWith('.part'))
    while (!partial()) await new Promise((resolve) => setTimeout(resolve, 5))
    leaving.destroy()
    while (partial()) await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await client.files.retrieve((await upload(deskLines(2))).id)).status).toBe('processed')
  })
})
