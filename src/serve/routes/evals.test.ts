import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  startProvider,
  type FaultProvider,
  type ProviderOptions,
} from '../../../test/support/fault-provider.ts'
import { serveApp, type ServedApp } from '../../../test/support/serve-app.ts'
import type { Json } from '../../core/json.ts'
import type { EvalView, OutputItemView, RunView } from '../evals/stored-eval.ts'
import type { ListPage } from '../list-page.ts'

let server: ServedApp
let provider: FaultProvider
/** What the provider answers, and what goes wrong; each test may set its own. */
let answer: NonNullable<ProviderOptions['answer']>
let fault: NonNullable<ProviderOptions['fault']>

beforeEach(async () => {
  answer = () => 'good'
  fault = () => undefined
  provider = await startProvider({
    answer: (request) => answer(request),
    fault: (request) => fault(request),
  })
  server = serveApp({ providers: { fake: { baseUrl: provider.baseUrl } } })
})
afterEach(async () => {
  await server.remove()
  await provider.close()
})

const itemSchema = {
  type: 'object',
  properties: { text: { type: 'string' }, mood: { type: 'string' } },
  required: ['text'],
}
const sameMood = {
  type: 'string_check',
  name: 'same mood',
  operation: 'eq',
  input: '{{sample.output_text}}',
  reference: '{{item.mood}}',
}
const custom = { type: 'custom', item_schema: itemSchema, include_sample_schema: true }

async function createEval(criteria: readonly Json[] = [sameMood], config: Json = custom): Promise<EvalView> {
  const body = {
    name: 'moods',
    data_source_config: config,
    testing_criteria: criteria,
    metadata: { team: 'a' },
  }
  return server.json<EvalView>('POST', '/evals', body, 201)
}

const rows = (...pairs: readonly (readonly [text: string, mood: string, answer?: string])[]): Json[] =>
  pairs.map(([text, mood, said]) => ({
    item: { text, mood },
    ...(said === undefined ? {} : { sample: { output_text: said } }),
  }))

const fileContent = (content: readonly Json[]): Json => ({ type: 'file_content', content })
const jsonl = (content: readonly Json[]): Json => ({ type: 'jsonl', source: fileContent(content) })
const template = { type: 'template', template: [{ role: 'user', content: 'Mood of: {{item.text}}' }] }

const startRun = (of: EvalView, source: Json, status = 201): Promise<RunView> =>
  server.json<RunView>('POST', `/evals/${of.id}/runs`, { name: 'run', data_source: source }, status)

async function finished(run: RunView): Promise<RunView> {
  for (;;) {
    const now = await server.json<RunView>('GET', `/evals/${run.eval_id}/runs/${run.id}`)
    if (now.status !== 'queued' && now.status !== 'in_progress') return now
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function outputItems(run: RunView, query = ''): Promise<readonly OutputItemView[]> {
  const path = `/evals/${run.eval_id}/runs/${run.id}/output_items${query}`
  const { data } = await server.json<ListPage<OutputItemView>>('GET', path)
  return [...data].sort((a, b) => a.datasource_item_id - b.datasource_item_id)
}

interface Refusal {
  readonly error: { readonly message: string; readonly param: string | null; readonly code: string | null }
}
const refused = async (path: string, body: Json, status = 400): Promise<Refusal['error']> =>
  (await server.json<Refusal>('POST', path, body, status)).error

const exchange = (
  question: string,
  answer: string,
  metadata: Readonly<Record<string, string>>,
  second: number,
) => ({
  id: `chatcmpl-${question}`,
  createdAtMs: second * 1000,
  model: 'gpt-4o',
  answeredBy: 'openai/gpt-4o',
  workload: null,
  metadata,
  request: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: question }] }),
  response: JSON.stringify({
    id: `chatcmpl-${question}`,
    object: 'chat.completion',
    model: 'gpt-4o-2024-08-06',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: answer } }],
    usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
  }),
  latencyMs: 1,
  priceUsd: null,
  stored: true,
})

describe('evals', () => {
  it('come back with their schema, are changed, listed and deleted', async () => {
    const made = await createEval()
    expect(made).toMatchObject({
      object: 'eval',
      name: 'moods',
      metadata: { team: 'a' },
      data_source_config: {
        type: 'custom',
        schema: {
          properties: { item: itemSchema, sample: { type: 'object' } },
          required: ['item', 'sample'],
        },
      },
      testing_criteria: [sameMood],
    })
    expect(made.id).toMatch(/^eval_/u)
    expect(await server.json('GET', `/evals/${made.id}`)).toEqual(made)
    const changed = await server.json('POST', `/evals/${made.id}`, {
      name: 'tempers',
      metadata: { team: 'b' },
    })
    expect(changed).toEqual({ ...made, name: 'tempers', metadata: { team: 'b' } })
    const second = await createEval([sameMood], { type: 'stored_completions', metadata: { use: 'chat' } })
    expect(second.data_source_config).toMatchObject({ type: 'stored_completions', metadata: { use: 'chat' } })
    const list = await server.json<ListPage<EvalView>>('GET', '/evals?limit=1')
    expect(list).toMatchObject({ first_id: made.id, last_id: made.id, has_more: true })
    const run = await finished(await startRun(made, jsonl(rows(['a', 'good', 'good']))))
    expect(await server.json('DELETE', `/evals/${made.id}`)).toEqual({
      object: 'eval.deleted',
      deleted: true,
      eval_id: made.id,
    })
    expect((await server.ask('GET', `/evals/${made.id}`)).status).toBe(404)
    expect(await server.deps.store.listRecords('output_item', { limit: 9, order: 'asc' }, run.id)).toEqual([])
  })

  it('are refused with the field that is at fault', async () => {
    const body = { data_source_config: custom, testing_criteria: [sameMood] }
    const cases: [Json, string | RegExp][] = [
      [{ ...body, testing_criteria: [] }, 'testing_criteria'],
      [{ ...body, testing_criteria: [{ ...sameMood, operation: 'is' }] }, 'testing_criteria.0.operation'],
      [{ ...body, testing_criteria: [{ ...sameMood, input: '{{output}}' }] }, 'testing_criteria[0]'],
      [{ ...body, testing_criteria: [{ ...sameMood, type: 'psychic' }] }, 'testing_criteria.0.type'],
      [{ ...body, testing_criteria: [sameMood, sameMood] }, 'testing_criteria[1].name'],
      [
        { ...body, testing_criteria: [{ type: 'javascript', name: 'j', source: 'function grade( {' }] },
        'testing_criteria[0].source',
      ],
      [
        { ...body, testing_criteria: [{ type: 'python', name: 'p', source: 'x = 1' }] },
        'testing_criteria[0].source',
      ],
      [
        { ...body, data_source_config: { type: 'custom', item_schema: { type: 'thing' } } },
        'data_source_config.item_schema',
      ],
      [{ ...body, metadata: { a: 1 } }, 'metadata.a'],
    ]
    for (const [given, param] of cases) expect((await refused('/evals', given)).param).toEqual(param)
    expect((await server.ask('GET', '/evals/eval_none')).status).toBe(404)
  })
})

describe('a run over given answers', () => {
  it('judges each, and adds up', async () => {
    const of = await createEval([
      sameMood,
      {
        ...sameMood,
        name: 'near',
        type: 'text_similarity',
        evaluation_metric: 'fuzzy_match',
        pass_threshold: 0.5,
      },
    ])
    const started = await startRun(
      of,
      jsonl(rows(['a', 'good', 'good'], ['b', 'bad', 'good'], ['c', 'goody', 'good'])),
    )
    expect(started).toMatchObject({ object: 'eval.run', status: 'queued', eval_id: of.id, model: null })
    const run = await finished(started)
    expect(run).toMatchObject({
      status: 'completed',
      error: null,
      result_counts: { total: 3, passed: 1, failed: 2, errored: 0 },
      per_testing_criteria_results: [
        { testing_criteria: 'same mood', passed: 1, failed: 2, errored: 0 },
        { testing_criteria: 'near', passed: 2, failed: 1, errored: 0 },
      ],
      per_model_usage: [],
    })
    expect(run.report_url).toMatch(new RegExp(`/v1/evals/${of.id}/runs/${run.id}$`, 'u'))
    const items = await outputItems(run)
    expect(items[1]).toMatchObject({
      object: 'eval.run.output_item',
      status: 'fail',
      datasource_item: { text: 'b', mood: 'bad' },
      sample: { output: [{ role: 'assistant', content: 'good' }], error: null },
      results: [
        { name: 'same mood', type: 'string_check', passed: false, score: 0 },
        { name: 'near', type: 'text_similarity', passed: false },
      ],
    })
    expect(await server.json('GET', `/evals/${of.id}/runs/${run.id}/output_items/${items[1].id}`)).toEqual(
      items[1],
    )
    expect((await outputItems(run, '?status=pass')).map(({ datasource_item_id: id }) => id)).toEqual([0])
    expect((await outputItems(run, '?status=fail')).map(({ datasource_item_id: id }) => id)).toEqual([1, 2])
    const rowsOnDisk = (): string[] =>
      readdirSync(join(server.deps.data, 'evals')).filter((name) => name.endsWith('.jsonl'))
    while (rowsOnDisk().length > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  it('reads a file of rows, and names the line that does not fit', async () => {
    const of = await createEval()
    const upload = async (text: string): Promise<string> => {
      const form = new FormData()
      form.append('file', new File([text], 'rows.jsonl'))
      form.append('purpose', 'evals')
      return (await server.json<{ id: string }>('POST', '/files', form)).id
    }
    const good = rows(['a\u2028b', 'good', 'good'], ['b', 'bad', 'bad']).map(
      (row) => `${JSON.stringify(row)}\r\n`,
    )
    const source = (id: string): Json => ({ type: 'jsonl', source: { type: 'file_id', id } })
    const run = await finished(await startRun(of, source(await upload(`\ufeff${good.join('')}`))))
    expect(run.result_counts).toMatchObject({ total: 2, passed: 2 })
    const bad = await refused(`/evals/${of.id}/runs`, {
      data_source: source(await upload(`${good[0]}{"item":{"mood":"good"}}\n`)),
    })
    expect(bad).toMatchObject({ param: 'data_source.source.id', code: 'item_invalid' })
    expect(bad.message).toContain('rows.jsonl:2')
    expect((await refused(`/evals/${of.id}/runs`, { data_source: source('file-none') }, 404)).code).toBe(
      'not_found',
    )
  })

  it('tells rows that cannot be judged from those that fail', async () => {
    const of = await createEval()
    const run = await finished(
      await startRun(of, jsonl([...rows(['a', 'good', 'bad']), { item: { text: 'b' } }])),
    )
    expect(run.result_counts).toEqual({ total: 2, passed: 0, failed: 1, errored: 1 })
    expect((await outputItems(run))[1]).toMatchObject({
      status: 'error',
      results: [{ error: { code: 'invalid_variable', message: 'there is no sample.output_text' } }],
    })
  })

  it('runs JavaScript, and refuses Python where it was not allowed', async () => {
    const source = 'function grade(sample, item) { return sample.output_text.length / item.text.length }'
    const of = await createEval([{ type: 'javascript', name: 'share', source, pass_threshold: 0.5 }])
    const run = await finished(await startRun(of, jsonl(rows(['abcd', 'x', 'ab'], ['abcd', 'x', 'a']))))
    expect((await outputItems(run)).map(({ results }) => results[0].score)).toEqual([0.5, 0.25])
    expect(run.result_counts).toMatchObject({ passed: 1, failed: 1 })
    const python = await createEval([
      { type: 'python', name: 'p', source: 'def grade(sample, item): return 1' },
    ])
    const error = await refused(`/evals/${python.id}/runs`, { data_source: jsonl(rows(['a', 'b', 'c'])) })
    expect(error.code).toBe('python_graders_not_allowed')
    expect(error.message).toContain('javascript')
  })
})

describe('a run that asks a model', () => {
  const asking = (content: readonly Json[], more: { readonly [key: string]: Json } = {}): Json => ({
    type: 'completions',
    source: fileContent(content),
    model: 'fake/student',
    input_messages: template,
    ...more,
  })

  it('fills the template, samples as asked, under either name of the limit, and counts tokens', async () => {
    answer = ({ body }) => (body.includes('sad') ? 'bad' : 'good')
    const of = await createEval()
    for (const [index, limit] of ['max_completion_tokens', 'max_completions_tokens'].entries()) {
      const sampling = { temperature: 0.5, seed: 7, top_p: 0.9, [limit]: 11 + index }
      const run = await finished(
        await startRun(
          of,
          asking(rows(['fine', 'good'], ['sad', 'bad'], ['dull', 'bad']), { sampling_params: sampling }),
        ),
      )
      expect(run).toMatchObject({
        model: 'fake/student',
        result_counts: { passed: 2, failed: 1, errored: 0 },
      })
      expect(run.per_model_usage).toMatchObject([{ model_name: 'fake/student', invocation_count: 3 }])
      expect(run.per_model_usage[0].total_tokens).toBeGreaterThan(0)
      const sent = provider.bodies.map((body) => JSON.parse(body) as Record<string, unknown>)
      expect(sent.filter((body) => body.max_tokens === 11 + index)).toHaveLength(3)
      expect(sent.at(-1)).toMatchObject({ model: 'student', temperature: 0.5, seed: 7, top_p: 0.9 })
      const [first] = await outputItems(run)
      expect(first.sample).toMatchObject({
        input: [{ role: 'user', content: 'Mood of: fine' }],
        output: [{ role: 'assistant', content: 'good' }],
        model: 'fake/student',
        max_completion_tokens: 11 + index,
        temperature: 0.5,
        seed: 7,
      })
    }
  })

  it('reads recorded answers and JSON of theirs', async () => {
    mkdirSync(join(server.deps.data, 'recorded'), { recursive: true })
    const file = join(server.deps.data, 'recorded', 'moods.jsonl')
    writeFileSync(file, '{"input":"Mood of: fine","answer":{"mood":"good"}}\n')
    const of = await createEval([{ ...sameMood, input: '{{ sample.output_json.mood }}' }])
    const run = await finished(
      await startRun(of, asking(rows(['fine', 'good'], ['unknown', 'good']), { model: 'recorded/moods' })),
    )
    expect(run.result_counts).toEqual({ total: 2, passed: 1, failed: 0, errored: 1 })
    expect((await outputItems(run))[1].sample.error?.message).toContain('holds no answer')
  })

  it('has an error for a row that the model refuses, and fails where no row can be asked', async () => {
    fault = ({ body }) =>
      body.includes('sad') ? { status: 400, body: '{"error":{"message":"no"}}' } : undefined
    const of = await createEval()
    const run = await finished(await startRun(of, asking(rows(['fine', 'good'], ['sad', 'bad']))))
    expect(run.result_counts).toMatchObject({ passed: 1, errored: 1 })
    fault = () => ({ status: 401, body: '{"error":{"message":"bad key"}}' })
    const failed = await finished(await startRun(of, asking(rows(['merry', 'good']))))
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'model_unavailable' } })
    expect(
      (await refused(`/evals/${of.id}/runs`, { data_source: asking(rows(['a', 'b']), { model: 'nobody' }) }))
        .code,
    ).toBe('model_not_found')
  })

  it('asks judges, whose errors are neither passes nor fails', async () => {
    answer = ({ body }) => {
      if (!body.includes('Judge')) return 'an answer'
      if (body.includes('odd')) return 'I cannot say'
      return JSON.stringify({ reasoning: 'because', result: body.includes('fine') ? 5 : 2 })
    }
    const judge = {
      type: 'score_model',
      name: 'quality',
      model: 'fake/judge',
      range: [1, 5],
      pass_threshold: 4,
      input: [{ role: 'user', content: 'Judge {{item.text}}: {{sample.output_text}}' }],
    }
    const of = await createEval([judge])
    const run = await finished(await startRun(of, asking(rows(['fine', 'x'], ['poor', 'x'], ['odd', 'x']))))
    expect(run).toMatchObject({
      result_counts: { total: 3, passed: 1, failed: 1, errored: 1 },
      per_testing_criteria_results: [{ testing_criteria: 'quality', passed: 1, failed: 1, errored: 1 }],
    })
    const asked = run.per_model_usage.map(({ model_name: name, invocation_count: count }) => [name, count])
    expect(Object.fromEntries(asked)).toEqual({ 'fake/judge': 3, 'fake/student': 3 })
    expect((await outputItems(run))[0].results[0]).toMatchObject({
      score: 5,
      passed: true,
      reason: 'because',
    })
  })
})

describe('a run over stored completions', () => {
  const stored = (
    more: { readonly [key: string]: Json } = {},
    run: { readonly [key: string]: Json } = {},
  ): Json => ({
    type: 'completions',
    source: { type: 'stored_completions', ...more },
    ...run,
  })
  let of: EvalView
  beforeEach(async () => {
    const { store } = server.deps
    await store.commitCapture(exchange('one', 'good', { use: 'chat' }, 100))
    await store.commitCapture(exchange('two', 'bad', { use: 'chat' }, 200))
    await store.commitCapture(exchange('three', 'good', { use: 'mail' }, 300))
    await store.commitCapture({ ...exchange('hidden', 'good', { use: 'chat' }, 150), stored: false })
    of = await createEval([{ ...sameMood, reference: 'good' }], {
      type: 'stored_completions',
      metadata: { use: 'chat' },
    })
  })

  it('grades what was answered, when no model is named', async () => {
    const run = await finished(await startRun(of, stored()))
    expect(run.result_counts).toEqual({ total: 2, passed: 1, failed: 1, errored: 0 })
    const [first] = await outputItems(run)
    expect(first.datasource_item).toMatchObject({
      input: [{ role: 'user', content: 'one' }],
      metadata: { use: 'chat' },
    })
    expect(first.sample).toMatchObject({
      model: 'gpt-4o-2024-08-06',
      usage: { total_tokens: 6 },
      finish_reason: 'stop',
    })
    expect(provider.bodies).toEqual([])
  })

  it('samples anew with a model and a reference to the messages', async () => {
    answer = () => 'good'
    const input = { type: 'item_reference', item_reference: 'item.input' }
    const run = await finished(
      await startRun(of, stored({}, { model: 'fake/student', input_messages: input })),
    )
    expect(run.result_counts).toMatchObject({ total: 2, passed: 2 })
    expect(provider.bodies.map((body) => (JSON.parse(body) as { messages: Json }).messages)).toContainEqual([
      { role: 'user', content: 'two' },
    ])
    expect(await finished(await startRun(of, stored({}, { model: 'fake/student' })))).toMatchObject({
      status: 'completed',
      result_counts: { total: 2, passed: 2 },
    })
  })

  it('takes only what the source asks for', async () => {
    const counted = async (source: { readonly [key: string]: Json }): Promise<number> =>
      (await finished(await startRun(of, stored(source)))).result_counts.total
    expect(await counted({ created_after: 150 })).toBe(1)
    expect(await counted({ created_before: 150 })).toBe(1)
    expect(await counted({ limit: 1 })).toBe(1)
    expect(await counted({ model: 'gpt-4o' })).toBe(2)
    const none = await refused(`/evals/${of.id}/runs`, { data_source: stored({ model: 'other' }) })
    expect(none.code).toBe('no_data')
  })
})

describe('runs', () => {
  it('are refused with the field that is at fault', async () => {
    const of = await createEval()
    const path = `/evals/${of.id}/runs`
    const param = async (source: Json): Promise<string | null> =>
      (await refused(path, { data_source: source })).param
    expect(await param({ type: 'responses', source: {} })).toBe('data_source.type')
    expect(await param({ type: 'other' })).toBe('data_source.type')
    expect(await param(jsonl([{ item: { mood: 'good' } }]))).toBe('data_source.source.content[0].item')
    expect(await param({ type: 'jsonl', source: { type: 'file_content', content: [] } })).toBe(
      'data_source.source.content',
    )
    const asking = { type: 'completions', model: 'fake/x', source: fileContent(rows(['a', 'b'])) }
    expect(await param(asking)).toBe('data_source.input_messages')
    const image = { role: 'user', content: { type: 'input_image', image_url: 'x' } }
    expect(await param({ ...asking, input_messages: { type: 'template', template: [image] } })).toContain(
      'data_source.input_messages',
    )
    const strange = { type: 'template', template: [{ role: 'user', content: '{{sample.output_text}}' }] }
    expect(await param({ ...asking, input_messages: strange })).toBe('data_source.input_messages')
    expect((await server.ask('POST', '/evals/eval_none/runs', { data_source: asking })).status).toBe(404)
  })

  it('are listed, cancelled with one l, and deleted with what they made', async () => {
    const of = await createEval()
    fault = ({ body }) => (body.includes('slow') ? 'slow_first_byte' : undefined)
    const source: Json = {
      type: 'completions',
      source: fileContent(rows(['fine', 'good'], ['slow', 'good'])),
      model: 'fake/student',
      input_messages: template,
    }
    const run = await startRun(of, source)
    const queued = await startRun(of, jsonl(rows(['a', 'good', 'good'])))
    for (;;) {
      const now = await server.json<RunView>('GET', `/evals/${of.id}/runs/${run.id}`)
      if (now.result_counts.passed === 1) break
      await new Promise((resolve) => setImmediate(resolve))
    }
    const canceled = await server.json<RunView>('POST', `/evals/${of.id}/runs/${run.id}`)
    expect(canceled).toMatchObject({ status: 'canceled', result_counts: { total: 2, passed: 1 } })
    const again = await refused(`/evals/${of.id}/runs/${run.id}`, {})
    expect(again.code).toBe('invalid_run_state')
    const list = await server.json<ListPage<RunView>>('GET', `/evals/${of.id}/runs?status=canceled`)
    expect(list.data.map(({ id }) => id)).toEqual([run.id])
    expect(await server.json('DELETE', `/evals/${of.id}/runs/${queued.id}`)).toEqual({
      object: 'eval.run.deleted',
      deleted: true,
      run_id: queued.id,
    })
    expect((await server.ask('GET', `/evals/${of.id}/runs/${queued.id}`)).status).toBe(404)
  })

  it('go on after a restart, and ask nobody twice', async () => {
    const of = await createEval()
    const many = Array.from({ length: 40 }, (_, index): [string, string] => [`row ${index}`, 'good'])
    const run = await startRun(of, {
      type: 'completions',
      source: fileContent(rows(...many)),
      model: 'fake/student',
      input_messages: template,
    })
    for (;;) {
      const now = await server.json<RunView>('GET', `/evals/${of.id}/runs/${run.id}`)
      if (now.result_counts.passed >= 5) break
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { data } = server.deps
    await server.stop()
    server = serveApp({ data, providers: { fake: { baseUrl: provider.baseUrl } } })
    await server.deps.evals.start()
    expect(await finished(run)).toMatchObject({
      status: 'completed',
      result_counts: { total: 40, passed: 40 },
    })
    expect(await outputItems(run, '?limit=100')).toHaveLength(40)
    expect(new Set(provider.bodies).size).toBe(40)
    expect(provider.bodies).toHaveLength(40)
  })
})
