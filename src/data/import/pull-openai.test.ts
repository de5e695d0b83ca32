import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../core/json.ts'
import { createEndpoint, type Endpoint } from './openai-endpoint.ts'
import { pullOpenai } from './pull-openai.ts'
import { readImport } from './read-import.ts'

/** What the endpoint keeps, by path; lists are paged two at a time, whatever the client asks for. */
let lists: Record<string, JsonObject[]>
/** Called before each answer; true where it has answered by itself. */
let fault: (request: IncomingMessage, response: ServerResponse) => boolean
let asked: string[]
let keys: Set<string | undefined>
let waits: number[]
let server: Server
let folder: string

beforeEach(async () => {
  const completions = Array.from({ length: 5 }, (_, index) => ({
    id: `chatcmpl-${index}`,
    object: 'chat.completion',
    model: 'gpt-4o',
    choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: index % 2 ? 'bad' : 'good' } }],
  }))
  lists = {
    '/files': [{ id: 'file-1', filename: '../../train set.jsonl' }],
    '/fine_tuning/jobs': [{ id: 'ftjob-1' }],
    '/fine_tuning/jobs/ftjob-1/events': [{ id: 'e3' }, { id: 'e2' }, { id: 'e1' }],
    '/fine_tuning/jobs/ftjob-1/checkpoints': [],
    '/evals': [{ id: 'eval_1', object: 'eval', testing_criteria: [] }],
    '/evals/eval_1/runs': [{ id: 'evalrun_1' }],
    '/evals/eval_1/runs/evalrun_1/output_items': [{ id: 'o1' }, { id: 'o2' }, { id: 'o3' }],
    '/chat/completions': completions,
    ...Object.fromEntries(
      completions.map(({ id }, index) => [
        `/chat/completions/${id}/messages`,
        [{ id: `${id}-0`, role: 'user', content: `question ${index}` }],
      ]),
    ),
  }
  fault = () => false
  asked = []
  keys = new Set()
  waits = []
  folder = mkdtempSync(join(tmpdir(), 'potstill-pull-'))
  server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://host')
  const path = pathname.slice('/v1'.length)
  asked.push(path)
  keys.add(request.headers.authorization)
  if (fault(request, response)) return
  if (path === '/files/file-1/content') return void response.end('{"messages":[]}\n')
  const list = lists[path]
  if (list === undefined) return void response.writeHead(404).end('{"error":{"message":"no"}}')
  const after = searchParams.get('after')
  const start = after === null ? 0 : list.findIndex(({ id }) => id === after) + 1
  const data = list.slice(start, start + 2)
  response.end(JSON.stringify({ object: 'list', data, has_more: start + 2 < list.length }))
}

function endpoint(): Endpoint {
  const { port } = server.address() as AddressInfo
  return createEndpoint({
    baseUrl: `http://127.0.0.1:${port}/v1`,
    key: 'sk-very-secret',
    fetch,
    sleep: async (ms) => void waits.push(ms),
  })
}

const read = (file: string): JsonObject[] =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JsonObject)

describe('pullOpenai', () => {
  it('copies every list over all its pages, with contents, messages, events and output items', async () => {
    const pulled = await pullOpenai(endpoint(), folder)
    expect(pulled.map(({ name, items, missing }) => [name, items, missing])).toEqual([
      ['files', 1, false],
      ['jobs', 1, false],
      ['evals', 1, false],
      ['completions', 5, false],
    ])
    expect(read('files.jsonl')[0].content).toBe('files/file-1-__.._train_set.jsonl')
    expect(readFileSync(join(folder, 'files/file-1-__.._train_set.jsonl'), 'utf8')).toBe('{"messages":[]}\n')
    expect((read('jobs.jsonl')[0].events as Json[]).length).toBe(3)
    expect(read('evals/eval_1/evalrun_1.jsonl')).toHaveLength(3)
    const { rows, leftOut } = await readImport([join(folder, 'completions.jsonl')])
    expect(rows.map(({ input, answer, answeredBy }) => [input, answer, answeredBy]).slice(0, 2)).toEqual([
      ['question 0', 'good', 'gpt-4o'],
      ['question 1', 'bad', 'gpt-4o'],
    ])
    expect(leftOut).toEqual([])
  })

  it('goes on where it was stopped, at whatever request that was', async () => {
    let requests = 0
    fault = () => void requests++ as never
    await pullOpenai(endpoint(), folder)
    const whole = readFileSync(join(folder, 'completions.jsonl'), 'utf8')
    for (let stopAt = 0; stopAt < requests; stopAt += 3) {
      rmSync(folder, { recursive: true, force: true })
      let left = stopAt
      fault = (_, response) => left-- <= 0 && (response.writeHead(400).end(), true)
      await expect(pullOpenai(endpoint(), folder)).rejects.toThrow('answered 400')
      fault = () => false
      asked = []
      await pullOpenai(endpoint(), folder)
      expect(readFileSync(join(folder, 'completions.jsonl'), 'utf8')).toBe(whole)
      expect(read('evals/eval_1/evalrun_1.jsonl').map(({ id }) => id)).toEqual(['o1', 'o2', 'o3'])
    }
    asked = []
    const again = await pullOpenai(endpoint(), folder)
    expect(again.every(({ fresh }) => fresh === 0)).toBe(true)
    expect(asked.some((path) => path.endsWith('/messages') || path.endsWith('/content'))).toBe(false)
  })

  it('fetches what is new, and mends a line that a crash cut', async () => {
    await pullOpenai(endpoint(), folder)
    const file = join(folder, 'completions.jsonl')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.slice(0, -20))
    lists['/fine_tuning/jobs'].unshift({ id: 'ftjob-2' })
    const pulled = await pullOpenai(endpoint(), folder)
    expect(readFileSync(file, 'utf8')).toBe(text)
    expect(pulled.map(({ fresh }) => fresh)).toEqual([0, 1, 0, 1])
  })

  it('waits as long as it is told, and tries server errors and cut connections again', async () => {
    const faults: ((response: ServerResponse) => void)[] = [
      (response) => response.writeHead(429, { 'retry-after': '7' }).end(),
      (response) => response.writeHead(503).end(),
      (response) => response.destroy(),
      (response) => response.writeHead(200).end('not JSON'),
    ]
    fault = (_, response) => {
      const next = faults.shift()
      next?.(response)
      return next !== undefined
    }
    const pulled = await pullOpenai(endpoint(), folder)
    expect(pulled.map(({ items }) => items)).toEqual([1, 1, 1, 5])
    expect(waits[0]).toBe(7000)
    expect(waits).toHaveLength(4)
  })

  it('gives up after eight tries, and keeps what has arrived', async () => {
    fault = (request, response) => {
      const fails = request.url?.includes('chatcmpl-3/messages') === true
      if (fails) response.writeHead(500).end()
      return fails
    }
    await expect(pullOpenai(endpoint(), folder)).rejects.toThrow('8 times in a row')
    expect(read('completions.jsonl')).toHaveLength(3)
  })

  it('passes over what is closed, and stops at a wrong key', async () => {
    delete lists['/evals']
    const pulled = await pullOpenai(endpoint(), folder)
    expect(pulled[2]).toMatchObject({ name: 'evals', missing: true })
    fault = (_, response) => (response.writeHead(401).end(), true)
    await expect(pullOpenai(endpoint(), folder)).rejects.toMatchObject({
      hint: 'Check the key in OPENAI_API_KEY.',
    })
  })

  it('sends the key and writes it nowhere', async () => {
    await pullOpenai(endpoint(), folder)
    expect([...keys]).toEqual(['Bearer sk-very-secret'])
    for (const file of ['files.jsonl', 'jobs.jsonl', 'evals.jsonl', 'completions.jsonl']) {
      expect(readFileSync(join(folder, file), 'utf8')).not.toContain('secret')
    }
  })

  it('is not kept in a circle by a list that never ends', async () => {
    fault = (request, response) => {
      const circles = request.url?.startsWith('/v1/fine_tuning/jobs?') === true
      if (circles) response.end(JSON.stringify({ data: [{ id: 'ftjob-1' }], has_more: true }))
      return circles
    }
    expect((await pullOpenai(endpoint(), folder))[1]).toMatchObject({ items: 1 })
  })
})
