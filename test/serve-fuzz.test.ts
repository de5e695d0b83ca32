/** Every route of the server, asked what no client should ask: an answer or an error of the known shape, and never a 5xx. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveApp, type ServedApp } from './support/serve-app.ts'

let served: ServedApp
/** Of what there is: so that routes come further than to their 404. */
let ids: string[]

beforeAll(async () => {
  served = serveApp()
  const form = new FormData()
  form.set('purpose', 'evals')
  form.set('file', new File(['{"item":{"a":"b"}}\n'], 'rows.jsonl'))
  const file = await served.json<{ id: string }>('POST', '/files', form)
  const evaluation = await served.json<{ id: string }>(
    'POST',
    '/evals',
    {
      data_source_config: { type: 'custom', item_schema: { type: 'object' } },
      testing_criteria: [
        { type: 'string_check', name: 'same', operation: 'eq', input: '{{item.a}}', reference: 'b' },
      ],
    },
    201,
  )
  await served.deps.store.commitCapture({
    id: 'chatcmpl-1',
    createdAtMs: 1,
    model: 'm',
    answeredBy: 'm',
    workload: null,
    metadata: {},
    request: '{"messages":[{"role":"user","content":"hi"}]}',
    response:
      '{"id":"chatcmpl-1","object":"chat.completion","choices":[{"message":{"role":"assistant","content":"a"}}]}',
    latencyMs: 1,
    priceUsd: null,
    stored: true,
  })
  ids = [file.id, evaluation.id, 'chatcmpl-1', '..', '%2e%2e', 'ft:a:b:c:d', 'support-desk@3', '__proto__']
})
afterAll(() => served.remove())

const names = (
  'model training_file validation_file suffix seed method hyperparameters metadata name data_source ' +
  'data_source_config testing_criteria type item_schema grader input reference operation source file_id content ' +
  'messages stream store purpose limit after order n_epochs supervised dpo student filter workload teacher ' +
  'threshold current item model_sample sampling_params input_messages template evaluation_metric'
).split(' ')

/** Looked up when it is drawn, for ids are there only once the server is. */
const id = fc.nat({ max: 7 }).map((index) => ids[index])

/** Objects with the names that routes look for, and values of every kind. */
const body = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('micro', 'custom', 'string_check', 'jsonl', 'stored_completions', 'eq', 'auto', ''),
    id,
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('object'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 8 }),
})).object

const question = fc.record({
  parameters: fc.array(fc.oneof(id, fc.string(), fc.string({ unit: 'binary' })), {
    minLength: 4,
    maxLength: 4,
  }),
  query: fc.dictionary(fc.oneof(fc.constantFrom(...names, 'metadata[a]'), fc.string()), fc.string(), {
    maxKeys: 3,
  }),
  body: fc.oneof(
    body.map((value) => JSON.stringify(value)),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.string({ unit: 'binary' }),
  ),
  type: fc.constantFrom(
    'application/json',
    'text/plain',
    'multipart/form-data',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
  ),
})

/** Half a surrogate pair cannot go into a URL. */
const wellFormed = (text: string): string => Buffer.from(text).toString()

/** What cannot go into a URL is left to the tests over sockets. */
function inPath(text: string): string {
  const encoded = encodeURIComponent(wellFormed(text))
  return encoded === '' || encoded === '.' || encoded === '..' ? '%2e' : encoded
}

it('answers anything at any route with a result or an error of the known shape', async () => {
  const routes = served.app.routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/v1/'))
  const unique = [...new Map(routes.map((route) => [`${route.method} ${route.path}`, route])).values()]
  // What is deleted is not there any more for the others.
  const isDelete = ({ method }: { method: string }): boolean => method === 'DELETE'
  unique.sort((a, b) => Number(isDelete(a)) - Number(isDelete(b)))
  expect(unique.length).toBeGreaterThan(30)
  for (const { method, path } of unique) {
    await fc.assert(
      fc.asyncProperty(question, async ({ parameters, query, body, type }) => {
        let next = 0
        const filled = path.replaceAll(/:\w+(?:\{[^}]*\})?/g, () => inPath(parameters[next++]))
        const search = new URLSearchParams(
          Object.entries(query).map(([key, value]): [string, string] => [wellFormed(key), wellFormed(value)]),
        )
        const response = await served.app.request(`${filled}?${search.toString()}`, {
          method,
          ...(method === 'GET' ? {} : { body, headers: { 'content-type': type } }),
        })
        const text = await response.text()
        expect(response.headers.get('x-request-id')).not.toBeNull()
        expect(response.status, `${method} ${filled}: ${text}`).toBeLessThan(500)
        if (response.status < 400) return
        expect(JSON.parse(text)).toEqual({
          error: {
            message: expect.any(String),
            type: expect.any(String),
            param: expect.toSatisfy((param) => param === null || typeof param === 'string'),
            code: expect.toSatisfy((code) => code === null || typeof code === 'string'),
          },
        })
      }),
      { numRuns: 60 },
    )
  }
})
