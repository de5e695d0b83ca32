/** The official client for Node runs the whole workflow: store, list, file, job, events, the student, eval, run, items. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import OpenAI, { BadRequestError, NotFoundError, toFile } from 'openai'
import { chatLine, heldOut, messages, training } from './support/moods.mjs'
import { startPotstill } from './support/serve.mjs'
import { moodOf, startUpstream } from './support/upstream.mjs'

let upstream
let server
let client
before(async () => {
  upstream = await startUpstream()
  server = await startPotstill(['--upstream', upstream.baseUrl])
  client = new OpenAI({ baseURL: server.baseUrl, apiKey: 'none', maxRetries: 0 })
})
after(async () => {
  await server?.close()
  upstream?.close()
})

const until = async (read, done) => {
  for (;;) {
    const value = await read()
    if (done(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('traffic goes to the provider and is kept: listed over all pages, read, tagged, deleted', async () => {
  for (const [index, content] of messages.slice(0, 25).entries()) {
    const completion = await client.chat.completions.create({
      model: 'gpt-test',
      messages: [{ role: 'user', content }],
      store: true,
      metadata: { use: 'moods', half: String(index % 2) },
    })
    assert.equal(completion.choices[0].message.content, moodOf(content))
    assert.equal(completion.usage.total_tokens, 25)
  }
  const stream = await client.chat.completions.create({
    model: 'gpt-test',
    messages: [{ role: 'user', content: 'thank you' }],
    stream: true,
    store: true,
    metadata: { use: 'stream' },
  })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  assert.equal(text, 'Mood: good')
  const all = []
  for await (const completion of client.chat.completions.list({ metadata: { use: 'moods' }, limit: 10 })) {
    all.push(completion)
  }
  assert.equal(all.length, 25)
  const half = await client.chat.completions.list({
    metadata: { use: 'moods', half: '1' },
    order: 'desc',
    limit: 100,
  })
  assert.equal(half.data.length, 12)
  const [streamed] = (await client.chat.completions.list({ metadata: { use: 'stream' } })).data
  assert.equal(streamed.choices[0].message.content, 'Mood: good')
  assert.equal(streamed.usage.total_tokens, 25)
  const { id } = all[3]
  const stored = await client.chat.completions.messages.list(id)
  assert.deepEqual(
    stored.data.map(({ id: each, content }) => [each, content]),
    [[`${id}-0`, messages[3]]],
  )
  const tagged = await client.chat.completions.update(id, { metadata: { use: 'other' } })
  assert.deepEqual(tagged.metadata, { use: 'other' })
  assert.deepEqual(await client.chat.completions.delete(id), {
    object: 'chat.completion.deleted',
    id,
    deleted: true,
  })
  await assert.rejects(client.chat.completions.retrieve(id), NotFoundError)
})

test('a file becomes a job, its events and checkpoints can be read, and its model answers', async () => {
  const content = training.map(chatLine).join('\n')
  const file = await client.files.create({
    file: await toFile(Buffer.from(content), 'moods.jsonl'),
    purpose: 'fine-tune',
  })
  assert.equal(await (await client.files.content(file.id)).text(), content)
  const started = await client.fineTuning.jobs.create({
    model: 'micro',
    training_file: file.id,
    suffix: 'moods',
  })
  const job = await until(
    () => client.fineTuning.jobs.retrieve(started.id),
    ({ status }) => ['succeeded', 'failed', 'cancelled'].includes(status),
  )
  assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
  assert.match(job.fine_tuned_model, /^ft:micro:.*:moods:/u)
  const events = []
  for await (const event of client.fineTuning.jobs.listEvents(job.id, { limit: 5 })) events.push(event)
  assert.ok(events.some(({ type }) => type === 'metrics'))
  assert.ok(events.length > 5)
  const checkpoints = await client.fineTuning.jobs.checkpoints.list(job.id)
  assert.ok(checkpoints.data.length > 0)
  const result = await (await client.files.content(job.result_files[0])).text()
  assert.match(result, /^step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy/u)
  const jobs = []
  for await (const each of client.fineTuning.jobs.list()) jobs.push(each.id)
  assert.deepEqual(jobs, [job.id])
  const models = []
  for await (const model of client.models.list()) models.push(model.id)
  assert.ok(models.includes(job.fine_tuned_model))
  let right = 0
  for (const { text, mood } of heldOut) {
    const completion = await client.chat.completions.create({
      model: job.fine_tuned_model,
      messages: [
        { role: 'system', content: 'What is the mood?' },
        { role: 'user', content: text },
      ],
    })
    right += Number(completion.choices[0].message.content === mood)
  }
  assert.ok(right >= 0.8 * heldOut.length, `${right} of ${heldOut.length}`)
})

const sameMood = {
  type: 'string_check',
  name: 'same mood',
  operation: 'eq',
  input: '{{sample.output_text}}',
  reference: '{{item.mood}}',
}

test('an eval runs over a student and over stored traffic, and gives its items', async () => {
  const student = (await client.fineTuning.jobs.list()).data[0].fine_tuned_model
  const made = await client.evals.create({
    name: 'moods',
    data_source_config: {
      type: 'custom',
      item_schema: {
        type: 'object',
        properties: { text: { type: 'string' }, mood: { type: 'string' } },
        required: ['text', 'mood'],
      },
      include_sample_schema: true,
    },
    testing_criteria: [
      sameMood,
      {
        type: 'text_similarity',
        name: 'near',
        evaluation_metric: 'fuzzy_match',
        pass_threshold: 0.5,
        input: '{{sample.output_text}}',
        reference: '{{item.mood}}',
      },
      {
        type: 'label_model',
        name: 'judge',
        model: 'gpt-test',
        labels: ['good', 'bad', 'neutral'],
        passing_labels: ['good', 'bad', 'neutral'],
        input: [{ role: 'user', content: '{{item.text}}' }],
      },
    ],
  })
  const items = heldOut.map((item) => JSON.stringify({ item })).join('\n')
  const file = await client.files.create({
    file: await toFile(Buffer.from(items), 'held-out.jsonl'),
    purpose: 'evals',
  })
  const started = await client.evals.runs.create(made.id, {
    name: 'student',
    data_source: {
      type: 'completions',
      model: student,
      source: { type: 'file_id', id: file.id },
      input_messages: {
        type: 'template',
        template: [
          { role: 'system', content: 'What is the mood?' },
          { role: 'user', content: '{{item.text}}' },
        ],
      },
      sampling_params: { temperature: 0, max_completion_tokens: 20 },
    },
  })
  const run = await until(
    () => client.evals.runs.retrieve(started.id, { eval_id: made.id }),
    ({ status }) => ['completed', 'failed', 'canceled'].includes(status),
  )
  assert.equal(run.status, 'completed', JSON.stringify(run.error))
  assert.equal(run.result_counts.total, heldOut.length)
  assert.ok(run.result_counts.passed >= 0.8 * heldOut.length)
  assert.equal(run.per_testing_criteria_results.length, 3)
  const asked = new Set(run.per_model_usage.map(({ model_name: name }) => name))
  assert.deepEqual(asked, new Set([student, 'gpt-test']))
  const outputs = []
  for await (const item of client.evals.runs.outputItems.list(run.id, { eval_id: made.id, limit: 7 }))
    outputs.push(item)
  assert.equal(outputs.length, heldOut.length)
  const again = await client.evals.runs.outputItems.retrieve(outputs[0].id, {
    eval_id: made.id,
    run_id: run.id,
  })
  assert.deepEqual(again, outputs[0])

  const logged = await client.evals.create({
    name: 'stored',
    data_source_config: { type: 'stored_completions', metadata: { use: 'moods' } },
    testing_criteria: [{ ...sameMood, reference: '{{item.metadata.half}}', operation: 'ne' }],
  })
  const over = await client.evals.runs.create(logged.id, {
    data_source: { type: 'completions', source: { type: 'stored_completions', model: 'gpt-test' } },
  })
  const ended = await until(
    () => client.evals.runs.retrieve(over.id, { eval_id: logged.id }),
    ({ status }) => status !== 'queued' && status !== 'in_progress',
  )
  assert.deepEqual({ ...ended.result_counts }, { total: 24, passed: 24, failed: 0, errored: 0 })
  const evals = []
  for await (const each of client.evals.list({ limit: 1 })) evals.push(each.name)
  assert.deepEqual(evals, ['moods', 'stored'])
  await client.evals.runs.delete(over.id, { eval_id: logged.id })
  assert.equal((await client.evals.delete(logged.id)).deleted, true)
})

test('graders can be tried, and errors are the classes that the client knows', async () => {
  const tried = await client.fineTuning.alpha.graders.run({
    grader: sameMood,
    model_sample: 'good',
    item: { mood: 'good' },
  })
  assert.equal(tried.reward, 1)
  const { grader } = await client.fineTuning.alpha.graders.validate({ grader: sameMood })
  assert.deepEqual(grader, sameMood)
  await assert.rejects(client.evals.retrieve('eval_none'), NotFoundError)
  await assert.rejects(
    client.fineTuning.jobs.create({ model: 'micro', training_file: 'file-none' }),
    (error) => {
      assert.ok(error instanceof BadRequestError || error instanceof NotFoundError)
      assert.match(error.requestID, /^req_/u)
      return true
    },
  )
  await assert.rejects(
    client.evals.create({ data_source_config: { type: 'custom', item_schema: {} }, testing_criteria: [] }),
    (error) => error instanceof BadRequestError && error.param === 'testing_criteria',
  )
})
