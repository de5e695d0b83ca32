import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FineTuningJobEvent } from 'openai/resources/fine-tuning/jobs'
import type { FineTuningJobCheckpoint } from 'openai/resources/fine-tuning/jobs/checkpoints'
import type { Model } from 'openai/resources/models'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  deskLines,
  deskPrompt,
  hasEnded,
  jobWhen,
  uploadTraining,
} from '../../../test/support/fine-tuning.ts'
import { serveApp, type ServedApp } from '../../../test/support/serve-app.ts'
import { openStudent } from '../../students/registry.ts'
import { findFineTuned } from '../jobs/find-fine-tuned.ts'
import type { JobView } from '../jobs/stored-job.ts'

interface List<Item> {
  readonly object: 'list'
  readonly data: readonly Item[]
  readonly has_more: boolean
}
interface Refusal {
  readonly error: { readonly message: string; readonly param: string | null; readonly code: string | null }
}

const path = '/fine_tuning/jobs'
let server: ServedApp
beforeEach(() => {
  server = serveApp()
})
afterEach(() => server.remove())

const create = (body: Readonly<Record<string, unknown>>): Promise<JobView> =>
  server.json<JobView>('POST', path, { model: 'micro', ...body })
const refused = async (body: Readonly<Record<string, unknown>>): Promise<Refusal['error']> =>
  (await server.json<Refusal>('POST', path, body, 400)).error
const eventsOf = async (id: string): Promise<readonly FineTuningJobEvent[]> =>
  (await server.json<List<FineTuningJobEvent>>('GET', `${path}/${id}/events?limit=1000`)).data
const messagesOf = async (id: string): Promise<string[]> =>
  (await eventsOf(id)).filter(({ type }) => type === 'message').map(({ message }) => message)
const ended = (id: string): Promise<JobView> => jobWhen(server, id, hasEnded)
const running = (id: string): Promise<JobView> => jobWhen(server, id, ({ status }) => status === 'running')

/** The epoch that the trainer keeps is the job's one checkpoint, and answers as the model does. */
async function checkpointAnswers(job: JobView): Promise<void> {
  const { id } = job
  const list = await server.json<List<FineTuningJobCheckpoint>>('GET', `${path}/${id}/checkpoints`)
  expect(list.data).toHaveLength(1)
  const [checkpoint] = list.data
  expect(checkpoint).toMatchObject({ object: 'fine_tuning.job.checkpoint', fine_tuning_job_id: id })
  expect(checkpoint.id).toMatch(/^ftckpt_/)
  expect(checkpoint.metrics).toMatchObject({
    step: checkpoint.step_number,
    train_loss: expect.any(Number) as number,
  })
  const name = checkpoint.fine_tuned_model_checkpoint
  expect(name).toBe(`${job.fine_tuned_model}:ckpt-step-${checkpoint.step_number}`)
  const { store, data } = server.deps
  expect(await findFineTuned(store, data, name)).toBe(
    await findFineTuned(store, data, job.fine_tuned_model ?? ''),
  )
  expect(await findFineTuned(store, data, `${job.fine_tuned_model}:ckpt-step-999`)).toBeNull()
  expect(await findFineTuned(store, data, 'ft:micro:potstill::nothere')).toBeNull()
}

/** The model is listed, found, promoted, kept while it is in use, and deleted. */
async function modelIsKnown({ id, fine_tuned_model: model }: JobView): Promise<void> {
  const name = model ?? ''
  const list = await server.json<List<Model>>('GET', '/models')
  expect(list.data.find((model) => model.id === name)).toMatchObject({
    object: 'model',
    owned_by: 'potstill',
  })
  expect(await server.json<Model>('GET', `/models/${encodeURIComponent(name)}`)).toMatchObject({ id: name })

  const alias = await server.json('POST', '/potstill/aliases/desk', { model: id })
  expect(alias).toMatchObject({
    name: 'desk',
    current: 1,
    versions: [{ version: 1, model: name, origin: id }],
  })
  expect((await server.json<List<Model>>('GET', '/models')).data[0].id).toBe('desk')
  const used = await server.json<Refusal>('DELETE', `/models/${name}`, undefined, 409)
  expect(used.error.code).toBe('model_in_use')
  await server.json('DELETE', '/potstill/aliases/desk')

  expect(await server.json('DELETE', `/models/${name}`)).toEqual({
    id: name,
    object: 'model',
    deleted: true,
  })
  expect(readdirSync(join(server.deps.data, 'jobs'))).not.toContain(id)
  const gone = await server.json<Refusal>('DELETE', `/models/${name}`, undefined, 404)
  expect(gone.error.code).toBe('model_not_found')
  expect((await server.json<Refusal>('GET', '/models/nobody', undefined, 404)).error.code).toBe(
    'model_not_found',
  )
}

describe('a fine-tuning job', () => {
  it('goes from a file to a model that answers, and says on the way how it does', async () => {
    const file = await uploadTraining(server, deskLines(60))
    const created = await create({
      training_file: file.id,
      suffix: 'desk',
      metadata: { team: 'support' },
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 3, batch_size: 'auto' } } },
    })
    expect(created).toMatchObject({
      object: 'fine_tuning.job',
      model: 'micro',
      training_file: file.id,
      validation_file: null,
      fine_tuned_model: null,
      finished_at: null,
      trained_tokens: null,
      result_files: [],
      error: null,
      seed: 1,
      hyperparameters: { n_epochs: 3, batch_size: 'auto', learning_rate_multiplier: 'auto' },
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 3 } } },
      metadata: { team: 'support' },
    })
    expect(created.id).toMatch(/^ftjob-/)
    expect(['validating_files', 'queued']).toContain(created.status)
    const job = await ended(created.id)
    expect(job).toMatchObject({ status: 'succeeded', error: null })
    expect(job.fine_tuned_model).toMatch(/^ft:micro:potstill:desk:\w{8}$/)
    expect(job.trained_tokens).toBeGreaterThan(1000)
    expect(job.finished_at).toBeGreaterThanOrEqual(job.created_at)

    const events = await eventsOf(job.id)
    expect(
      events.every(({ id, object }) => id.startsWith('ftevent-') && object === 'fine_tuning.job.event'),
    ).toBe(true)
    expect(events[0].message).toBe('The job has successfully completed')
    expect((await messagesOf(job.id)).slice(-4)).toEqual([
      'Fine-tuning job started',
      'Files validated, moving job to queued state',
      `Validating training file: ${file.id}`,
      `Created fine-tuning job: ${job.id}`,
    ])
    const metrics = events
      .filter(({ type }) => type === 'metrics')
      .map(({ data }) => data as { step: number; train_loss: number })
    expect(metrics.map(({ step }) => step).reverse()).toEqual(metrics.map((_, index) => index + 1))
    expect(metrics.every(({ train_loss: loss }) => loss >= 0)).toBe(true)

    const result = await server.ask('GET', `/files/${job.result_files[0]}/content`)
    const lines = (await result.text()).trimEnd().split('\n')
    expect(lines[0]).toBe('step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy')
    expect(lines).toHaveLength(metrics.length + 1)
    expect(lines[1]).toMatch(/^1,[\d.e-]+,,[\d.e-]*,[\d.e-]*$/)

    const folder = await findFineTuned(server.deps.store, server.deps.data, job.fine_tuned_model ?? '')
    const { model, manifest } = await openStudent(folder ?? '')
    expect(manifest.task).toMatchObject({ name: 'desk', prompt: deskPrompt, output: { kind: 'json' } })
    const messages = [{ role: 'user' as const, content: 'Hello, I was charged twice, no hurry at all.' }]
    expect(JSON.parse((await model.complete({ messages })).content)).toMatchObject({
      topic: 'billing',
      urgent: false,
    })
    await checkpointAnswers(job)
    await modelIsKnown(job)
  })

  it('runs with few examples and without its file, and says what it made of them', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
    const odd = [
      {
        messages: [
          { role: 'user', content: 'x' },
          { role: 'assistant', tool_calls: [call] },
        ],
      },
      {
        messages: [
          { role: 'system', content: 'Other.' },
          { role: 'user', content: 'Please bill me' },
          { role: 'assistant', content: 'x', weight: 0 },
          { role: 'user', content: 'again' },
          {
            role: 'assistant',
            content: '{"topic":"billing","urgent":true,"order":{"reference":null},"language":"en"}',
            weight: 1,
          },
        ],
      },
    ]
    const lines = odd.map((line) => `${JSON.stringify(line)}\n`).join('')
    const file = await uploadTraining(server, lines + deskLines(6))
    const { id } = await create({ training_file: file.id })
    await server.json('DELETE', `/files/${file.id}`)
    expect((await ended(id)).status).toBe('succeeded')
    const warned = (await eventsOf(id)).filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect(warned.join()).toContain('The training file has 7 examples')
    const said = (await messagesOf(id)).join('\n')
    expect(said).toContain('1 examples of')
    expect(said).toContain('they hold tool calls')
    expect(said).toContain('3 different system messages')
    expect(said).toContain('7 examples with JSON as answer: topic (enum)')
  })

  it('learns from CSV, and holds out the validation file', async () => {
    const csv = `text,label\n${Array.from({ length: 60 }, (_, i) => `${i % 2 ? 'please refund' : 'cannot sign in'} ${i},${i % 2 ? 'billing' : 'access'}`).join('\n')}\n`
    const [training, validation] = await Promise.all([
      uploadTraining(server, csv, 'a.csv'),
      uploadTraining(server, csv.slice(0, 700).replace(/\n[^\n]*$/, '\n'), 'b.csv'),
    ])
    const { id } = await create({ training_file: training.id, validation_file: validation.id })
    const job = await ended(id)
    expect(job.status).toBe('succeeded')
    const { manifest } = await openStudent(
      (await findFineTuned(server.deps.store, server.deps.data, job.fine_tuned_model ?? '')) ?? '',
    )
    expect(manifest.heldOutBy).toBe('validation rows')
    expect(manifest.task.output).toEqual({ kind: 'labels', labels: ['access', 'billing'] })
  })

  it('fails where the student cannot give such answers, and says why', async () => {
    const lines = Array.from({ length: 12 }, (_, i) =>
      JSON.stringify({
        messages: [
          { role: 'user', content: `q ${i}` },
          {
            role: 'assistant',
            content: `A long and free answer, the ${i}th of its kind, unlike all others.`,
          },
        ],
      }),
    )
    const file = await uploadTraining(server, lines.join('\n'))
    const { id } = await create({ training_file: file.id })
    const job = await ended(id)
    expect(job).toMatchObject({ status: 'failed', fine_tuned_model: null, result_files: [] })
    expect(job.error?.message).toContain('free text')
    const [last] = await eventsOf(id)
    expect(last).toMatchObject({ level: 'error', message: `The job failed: ${job.error?.message ?? ''}` })
    await server.deps.jobs.close()
    expect(readdirSync(join(server.deps.data, 'jobs'))).not.toContain(id)
  })
})

describe('a request for a job', () => {
  it('is refused with the parameter at fault', async () => {
    const { id } = await uploadTraining(server, deskLines(3))
    const other = new FormData()
    other.append('purpose', 'user_data')
    other.append('file', new File(['x'], 'x'))
    const wrong = await server.json<{ id: string }>('POST', '/files', other)
    const cases: readonly (readonly [Readonly<Record<string, unknown>>, string, string?])[] = [
      [{ training_file: id }, 'model'],
      [{ model: 'micro' }, 'training_file'],
      [{ model: 'micro', training_file: 'file-none' }, 'training_file', 'file_not_found'],
      [{ model: 'micro', training_file: wrong.id }, 'training_file', 'invalid_file_purpose'],
      [{ model: 'micro', training_file: id, validation_file: 'file-none' }, 'validation_file'],
      [{ model: 'gpt-4o-mini', training_file: id }, 'model', 'model_not_available'],
      [{ model: 'lm:/no/such/model', training_file: id }, 'model', 'model_not_available'],
      [{ model: 'micro', training_file: id, method: { type: 'dpo' } }, 'method.type', 'unsupported_method'],
      [
        { model: 'micro', training_file: id, method: { type: 'reinforcement' } },
        'method.type',
        'unsupported_method',
      ],
      [{ model: 'micro', training_file: id, suffix: 'x'.repeat(65) }, 'suffix'],
      [{ model: 'micro', training_file: id, hyperparameters: { n_epochs: 51 } }, 'hyperparameters.n_epochs'],
      [
        { model: 'micro', training_file: id, hyperparameters: { batch_size: 257 } },
        'hyperparameters.batch_size',
      ],
      [{ model: 'micro', training_file: id, seed: -1 }, 'seed'],
      [{ model: 'micro', training_file: id, integrations: [{ type: 'wandb' }] }, 'integrations'],
      [{ model: 'micro', training_file: id, metadata: { a: 'x'.repeat(513) } }, 'metadata.a'],
    ]
    for (const [body, param, code] of cases) {
      expect(await refused(body)).toMatchObject(code === undefined ? { param } : { param, code })
    }
    expect((await server.json<List<JobView>>('GET', path)).data).toEqual([])
  })

  it('for a job that is not there gets a 404 everywhere', async () => {
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/events'],
      ['GET', '/checkpoints'],
      ['POST', '/cancel'],
      ['POST', '/pause'],
      ['POST', '/resume'],
    ]) {
      const { error } = await server.json<Refusal>(method, `${path}/ftjob-none${rest}`, undefined, 404)
      expect(error.code).toBe('not_found')
    }
  })
})

describe('jobs', () => {
  it('wait for their turn, are listed newest first without first and last id, pause and resume', async () => {
    const { id: file } = await uploadTraining(server, deskLines(20))
    const ids: string[] = []
    for (const name of ['a', 'b', 'c'])
      ids.push((await create({ training_file: file, metadata: { name } })).id)
    await running(ids[0])
    expect((await server.json<JobView>('GET', `${path}/${ids[1]}`)).status).toBe('queued')
    const page = await server.json<List<JobView>>('GET', `${path}?limit=2`)
    expect(page.data.map(({ id }) => id)).toEqual([ids[2], ids[1]])
    expect(Object.keys(page).sort()).toEqual(['data', 'has_more', 'object'])
    expect(page.has_more).toBe(true)
    const rest = await server.json<List<JobView>>('GET', `${path}?limit=2&after=${ids[1]}`)
    expect(rest.data.map(({ id }) => id)).toEqual([ids[0]])
    const some = await server.json<List<JobView>>('GET', `${path}?metadata[name]=b`)
    expect(some.data.map(({ id }) => id)).toEqual([ids[1]])
    await server.json('POST', `${path}/${ids[1]}/cancel`)
    expect((await server.json<JobView>('POST', `${path}/${ids[0]}/pause`)).status).toBe('paused')
    const twice = await server.json<Refusal>('POST', `${path}/${ids[0]}/pause`, undefined, 400)
    expect(twice.error.message).toContain('it is paused')
    expect((await ended(ids[2])).status).toBe('succeeded')
    expect((await server.json<JobView>('GET', `${path}/${ids[0]}`)).status).toBe('paused')
    expect((await server.json<JobView>('POST', `${path}/${ids[0]}/resume`)).status).toBe('queued')
    expect((await ended(ids[0])).status).toBe('succeeded')
    const late = await server.json<Refusal>('POST', `${path}/${ids[0]}/resume`, undefined, 400)
    expect(late.error.code).toBe('invalid_job_state')
    expect((await server.json<JobView>('GET', `${path}/${ids[1]}`)).status).toBe('cancelled')
  })

  it('are cancelled in the midst of training, and then nothing is left of them', async () => {
    const { id: file } = await uploadTraining(server, deskLines(300))
    const { id } = await create({ training_file: file })
    await running(id)
    const cancelled = await server.json<JobView>('POST', `${path}/${id}/cancel`)
    expect(cancelled).toMatchObject({ status: 'cancelled', fine_tuned_model: null, estimated_finish: null })
    expect(cancelled.finished_at).not.toBeNull()
    await server.deps.jobs.close()
    expect(existsSync(join(server.deps.data, 'jobs', id))).toBe(false)
    const again = await server.json<Refusal>('POST', `${path}/${id}/cancel`, undefined, 400)
    expect(again.error).toMatchObject({ code: 'invalid_job_state' })
    expect((await messagesOf(id))[0]).toBe('The job was cancelled')
  })

  it.skipIf(process.platform !== 'linux')('outlive the end of the process that trains', async () => {
    const { id: file } = await uploadTraining(server, deskLines(20))
    const { id } = await create({ training_file: file })
    const trains = (pid: string): boolean => {
      try {
        const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]
        const isOurs = Number(parent) === process.pid
        return isOurs && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('training-process')
      } catch {
        return false // It has ended meanwhile.
      }
    }
    const find = (): string | undefined =>
      readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && trains(pid))
    while (find() === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    process.kill(Number(find()), 'SIGHUP')
    expect((await ended(id)).status).toBe('succeeded')
    expect((await messagesOf(id)).join()).toContain('ended unexpectedly (SIGHUP). It is tried again.')
  })

  it('are taken up by the next server, whatever the last one was doing', async () => {
    const { id: file } = await uploadTraining(server, deskLines(20))
    const [first, paused] = await Promise.all([1, 2].map(() => create({ training_file: file })))
    await server.json('POST', `${path}/${paused.id}/pause`)
    await running(first.id)
    const { data } = server.deps
    expect(readFileSync(join(data, 'jobs', 'lock'), 'utf8')).toBe(String(process.pid))
    await server.stop()
    server = serveApp({ data })
    expect((await server.json<JobView>('GET', `${path}/${first.id}`)).status).toBe('running')
    await server.deps.jobs.start()
    expect((await ended(first.id)).status).toBe('succeeded')
    expect((await server.json<JobView>('GET', `${path}/${paused.id}`)).status).toBe('paused')
    expect(await messagesOf(first.id)).toContain('The server was stopped: the job is taken up again')
    const steps = (await eventsOf(first.id))
      .filter(({ type }) => type === 'metrics')
      .map(({ data }) => (data as { step: number }).step)
    expect(new Set(steps).size).toBe(steps.length)
  })
})

describe('models', () => {
  it('of providers are listed where their key is set', async () => {
    expect((await server.json<List<Model>>('GET', '/models')).data).toEqual([])
    await server.remove()
    server = serveApp({ environment: { OPENAI_API_KEY: 'sk-test' } })
    const { data } = await server.json<List<Model>>('GET', '/models')
    expect(data.map(({ id }) => id)).toContain('openai/gpt-6-luna')
    expect(await server.json('GET', '/models/openai/gpt-6-luna')).toMatchObject({ owned_by: 'openai' })
    expect(
      (await server.json<Refusal>('DELETE', '/models/openai/gpt-6-luna', undefined, 403)).error.param,
    ).toBe('model')
  })
})

describe('an alias', () => {
  const aliases = '/potstill/aliases'

  it('has versions, answers with the newest, and goes back to an earlier one', async () => {
    await server.remove()
    server = serveApp({ environment: { OPENAI_API_KEY: 'sk-test' } })
    await server.json('POST', `${aliases}/desk`, { model: 'openai/gpt-6-sol' })
    const second = await server.json('POST', `${aliases}/desk`, {
      model: 'openai/gpt-6-luna',
      teacher: 'openai/gpt-6-sol',
      threshold: 0.8,
    })
    expect(second).toMatchObject({ object: 'alias', id: 'desk', current: 2 })
    const back = await server.json('POST', `${aliases}/desk`, { current: 1 })
    expect(back).toMatchObject({
      current: 1,
      versions: [{ version: 1 }, { version: 2, teacher: 'openai/gpt-6-sol', threshold: 0.8 }],
    })
    expect(await server.json(`GET`, `${aliases}/desk`)).toEqual(back)
    expect(await server.json(`GET`, aliases)).toMatchObject({
      data: [back],
      first_id: 'desk',
      has_more: false,
    })
    const { target, why } = await server.deps.models.resolve('desk')
    expect([target.id, why]).toEqual(['openai/gpt-6-sol', 'alias desk@1'])
    expect((await server.deps.models.resolve('desk@2')).threshold).toBe(0.8)
    const third = await server.json('POST', `${aliases}/desk`, { model: 'openai/gpt-6-sol' })
    expect(third).toMatchObject({ current: 3 })
  })

  it('loses no version when several are promoted at once', async () => {
    await server.remove()
    server = serveApp({ environment: { OPENAI_API_KEY: 'sk-test' } })
    await Promise.all(
      Array.from({ length: 10 }, () => server.json('POST', `${aliases}/desk`, { model: 'openai/gpt-6-sol' })),
    )
    expect(await server.json('GET', `${aliases}/desk`)).toMatchObject({ current: 10 })
  })

  it('stands for nothing unknown, for no other alias, and under no odd name', async () => {
    await server.remove()
    server = serveApp({ environment: { OPENAI_API_KEY: 'sk-test' } })
    await server.json('POST', `${aliases}/desk`, { model: 'openai/gpt-6-sol' })
    for (const [name, body, status, param] of [
      ['b', { model: 'nobody' }, 404, 'model'],
      ['b', { model: 'desk' }, 400, 'model'],
      ['b', { model: 'ftjob-none' }, 400, 'model'],
      ['b', { model: 'openai/gpt-6-sol', threshold: 0.5 }, 400, 'threshold'],
      ['b', { model: 'openai/gpt-6-sol', teacher: 'nobody' }, 404, 'teacher'],
      ['b', { model: 'openai/gpt-6-sol', threshold: 2 }, 400, 'threshold'],
      ['b', {}, 400, null],
      ['desk', { current: 9 }, 404, 'current'],
      ['B%2F..', { model: 'openai/gpt-6-sol' }, 400, 'name'],
    ] as const) {
      const { error } = await server.json<Refusal>('POST', `${aliases}/${name}`, body, status)
      expect(error.param).toBe(param)
    }
    expect((await server.ask('GET', `${aliases}/b`)).status).toBe(404)
  })
})
