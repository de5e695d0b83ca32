/** What potstill serve keeps can be taken away again: `potstill import openai` against the project's own app. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createEndpoint } from '../src/data/import/openai-endpoint.ts'
import { planImport } from '../src/data/import/plan-import.ts'
import { pullOpenai } from '../src/data/import/pull-openai.ts'
import { readImport } from '../src/data/import/read-import.ts'
import type { JsonObject } from '../src/core/json.ts'
import type { EvalView, RunView } from '../src/serve/evals/stored-eval.ts'
import { serveApp, type ServedApp } from './support/serve-app.ts'

let server: ServedApp
let folder: string
beforeEach(() => {
  server = serveApp()
  folder = mkdtempSync(join(tmpdir(), 'potstill-own-'))
})
afterEach(async () => {
  await server.remove()
  rmSync(folder, { recursive: true, force: true })
})

const linesOf = (file: string): JsonObject[] =>
  readFileSync(join(folder, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonObject)

async function fill(): Promise<{ readonly file: string; readonly run: RunView }> {
  for (let index = 0; index < 130; index++) {
    await server.deps.store.commitCapture({
      id: `chatcmpl-${index}`,
      createdAtMs: 1000 + index,
      model: 'gpt-4o',
      answeredBy: 'openai/gpt-4o',
      workload: null,
      metadata: { use: 'parity' },
      request: JSON.stringify({
        messages: [
          { role: 'system', content: 'Even or odd?' },
          { role: 'user', content: `number ${index}` },
        ],
      }),
      response: JSON.stringify({
        model: 'gpt-4o',
        choices: [
          { finish_reason: 'stop', message: { role: 'assistant', content: index % 2 ? 'odd' : 'even' } },
        ],
      }),
      latencyMs: 1,
      priceUsd: null,
      stored: true,
    })
  }
  const form = new FormData()
  form.append('purpose', 'evals')
  form.append('file', new File(['{"item":{"text":"number 1007","expected":"odd"}}\n'], 'items.jsonl'))
  const { id: file } = await server.json<{ id: string }>('POST', '/files', form)
  const made = await server.json<EvalView>(
    'POST',
    '/evals',
    {
      data_source_config: { type: 'stored_completions' },
      testing_criteria: [
        {
          type: 'string_check',
          name: 'odd',
          operation: 'ilike',
          input: '{{sample.output_text}}',
          reference: 'odd',
        },
      ],
    },
    201,
  )
  const source = { type: 'completions', source: { type: 'stored_completions' } }
  const run = await server.json<RunView>('POST', `/evals/${made.id}/runs`, { data_source: source }, 201)
  for (let now = run; now.status !== 'completed'; await new Promise(setImmediate)) {
    now = await server.json<RunView>('GET', `/evals/${run.eval_id}/runs/${run.id}`)
  }
  return { file, run }
}

it('copies files, evals, runs with their items and stored completions, and makes a task of them', async () => {
  const { file, run } = await fill()
  const endpoint = createEndpoint({
    baseUrl: 'http://localhost/v1',
    key: null,
    fetch: async (url, init) => server.app.request(url, init),
    sleep: async () => {},
  })
  const pulled = await pullOpenai(endpoint, folder)
  expect(pulled.map(({ name, items, missing }) => [name, items, missing])).toEqual([
    ['files', 1, false],
    ['jobs', 0, false],
    ['evals', 1, false],
    ['completions', 130, false],
  ])
  expect(existsSync(join(folder, 'files', `${file}-items.jsonl`))).toBe(true)
  expect(linesOf(join('evals', run.eval_id, `${run.id}.jsonl`))).toHaveLength(130)
  const found = await readImport([
    join(folder, 'completions.jsonl'),
    join(folder, 'files', `${file}-items.jsonl`),
    join(folder, 'evals.jsonl'),
  ])
  expect(found.leftOut).toEqual([])
  const plan = planImport(found, 'parity')
  expect([plan.unlabelled, plan.evaluation]).toEqual([130, 1])
  expect(plan.files.get('prompt.md')).toBe('Even or odd?\n')
  expect(plan.files.get('potstill.yaml')).toContain('type: string_check')
})
