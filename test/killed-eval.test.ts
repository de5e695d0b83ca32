/** The server is killed while it runs an eval: the run ends as if nothing had been, and no answer it had is asked for again. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { EvalView, OutputItemView, RunView } from '../src/serve/evals/stored-eval.ts'
import type { ListPage } from '../src/serve/list-page.ts'
import { startProvider, type FaultProvider } from './support/fault-provider.ts'

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const count = 80
const kills = 4

let folder: string
let provider: FaultProvider
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'potstill-killed-eval-'))
  provider = await startProvider({ answer: () => '{"reasoning":"fine","result":1}', latencyMs: 15 })
  const config = {
    name: 'x',
    task: { output: 'text' },
    data: { unlabelled: 'none.jsonl' },
    teacher: { model: 'fake/student' },
    providers: { fake: { baseUrl: provider.baseUrl, concurrency: 4 } },
  }
  writeFileSync(join(folder, 'potstill.yaml'), JSON.stringify(config))
})
afterAll(async () => {
  await provider.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Server {
  readonly child: ChildProcess
  json<T>(method: string, path: string, body?: unknown): Promise<T>
}

async function startServer(): Promise<Server> {
  const child = spawn(
    process.execPath,
    [main, 'serve', 'potstill.yaml', '--port', '0', '--json', '--quiet'],
    {
      cwd: folder,
      env: { ...process.env, POTSTILL_HOME: join(folder, 'data') },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { baseUrl } = JSON.parse(line) as { baseUrl: string }
  return {
    child,
    async json<T>(method: string, path: string, body?: unknown) {
      const response = await fetch(`${baseUrl}${path}`, { method, body: JSON.stringify(body) })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as T
    },
  }
}

async function start(server: Server): Promise<RunView> {
  const made = await server.json<EvalView>('POST', '/evals', {
    data_source_config: { type: 'custom', item_schema: { type: 'object' } },
    testing_criteria: [
      {
        type: 'score_model',
        name: 'judge',
        model: 'fake/judge',
        input: [{ role: 'user', content: 'Judge {{item.text}}: {{sample.output_text}}' }],
      },
    ],
  })
  const content = Array.from({ length: count }, (_, index) => ({ item: { text: `row ${index}.` } }))
  return server.json<RunView>('POST', `/evals/${made.id}/runs`, {
    data_source: {
      type: 'completions',
      model: 'fake/student',
      source: { type: 'file_content', content },
      input_messages: { type: 'template', template: [{ role: 'user', content: 'Answer {{item.text}}' }] },
    },
  })
}

const read = (server: Server, run: RunView): Promise<RunView> =>
  server.json<RunView>('GET', `/evals/${run.eval_id}/runs/${run.id}`)

async function items(server: Server, run: RunView): Promise<readonly OutputItemView[]> {
  const path = `/evals/${run.eval_id}/runs/${run.id}/output_items?limit=100`
  const first = await server.json<ListPage<OutputItemView>>('GET', path)
  if (!first.has_more) return first.data
  const rest = await server.json<ListPage<OutputItemView>>('GET', `${path}&after=${first.last_id ?? ''}`)
  return [...first.data, ...rest.data]
}

it('goes on after each kill, and asks nothing again that it has an item for', async () => {
  let server = await startServer()
  const run = await start(server)
  for (let kill = 1; kill <= kills; kill++) {
    const wanted = (kill * count) / (kills + 2)
    while ((await read(server, run)).result_counts.passed < wanted) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const kept = (await items(server, run)).map(({ datasource_item: { text } }) => String(text))
    server.child.kill('SIGKILL')
    await once(server.child, 'close')
    const asked = provider.bodies.length
    server = await startServer()
    while ((await read(server, run)).result_counts.passed < kept.length + 1) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const since = provider.bodies.slice(asked)
    expect(kept.filter((text) => since.some((body) => body.includes(text)))).toEqual([])
  }
  let ended = await read(server, run)
  while (ended.status === 'in_progress') {
    await new Promise((resolve) => setTimeout(resolve, 10))
    ended = await read(server, run)
  }
  expect(ended).toMatchObject({
    status: 'completed',
    result_counts: { total: count, passed: count, failed: 0, errored: 0 },
  })
  const places = (await items(server, run)).map(({ datasource_item_id: place }) => place)
  expect(new Set(places).size).toBe(count)
  expect(places).toHaveLength(count)
  server.child.kill('SIGTERM')
  await once(server.child, 'close')
})
