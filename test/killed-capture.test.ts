/** A gateway that is killed again and again under load: every reply that a client had in full is in the store. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Agent } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRandom } from '../src/core/random.ts'
import { openStore } from '../src/store/sqlite-store.ts'

const kills = 20
const clients = 40
/** Some providers give one id to all replies, across their and our restarts. */
const sameId = 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT'

const built = (path: string): string => pathToFileURL(join('dist', path)).href
const serverScript = `
import { startServer } from '${built('serve/server.js')}'
import { openStore } from '${built('store/sqlite-store.js')}'
const [data, upstream] = process.argv.slice(1)
const place = { store: openStore(data), data, folder: data, environment: {}, host: '127.0.0.1', port: 0, log: () => {} }
const server = await startServer({ ...place, settings: { upstream, capture: 'all' } })
console.log(server.baseUrl)
`

let data: string
let provider: Server
let upstream: string
let child: ChildProcess | undefined

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'potstill-killed-capture-'))
  provider = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const { messages, stream } = JSON.parse(body) as { messages: { content: string }[]; stream?: boolean }
      const content = messages[0].content
      const event = (choice: object): string =>
        `data: ${JSON.stringify({ id: sameId, object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, ...choice }] })}\n\n`
      if (stream === true) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(event({ delta: { role: 'assistant', content }, finish_reason: null }))
        response.end(`${event({ delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`)
        return
      }
      const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ id: sameId, object: 'chat.completion', created: 1, model: 'm', choices }))
    })
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  upstream = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`
})

afterAll(async () => {
  child?.kill('SIGKILL')
  provider.closeAllConnections()
  provider.close()
  await rm(data, { recursive: true, force: true })
})

async function start(): Promise<string> {
  const started = spawn(
    process.execPath,
    ['--input-type=module', '--eval', serverScript, '--', data, upstream],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  child = started
  const [line] = (await once(started.stdout, 'data')) as [Buffer]
  return line.toString().trim()
}

/** Ids of whole replies, and what they said. */
type Acknowledged = Map<string, string>

/** Asks until the server is gone. */
async function ask(baseUrl: string, agent: Agent, client: string, acknowledged: Acknowledged): Promise<void> {
  for (let turn = 0; ; turn++) {
    const content = `${client} asks ${turn}`
    const stream = turn % 2 === 1
    try {
      const reply = await agent.request({
        origin: new URL(baseUrl).origin,
        path: '/v1/chat/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], stream }),
      })
      const text = await reply.body.text()
      if (reply.statusCode !== 200) throw new Error(`${reply.statusCode}: ${text}`)
      if (stream && !text.endsWith('data: [DONE]\n\n')) return
      const id = /"id":\s*"([^"]+)"/.exec(text)?.[1] ?? ''
      expect(acknowledged.has(id)).toBe(false)
      acknowledged.set(id, content)
    } catch (error) {
      if (typeof (error as { code?: unknown }).code === 'string') return
      throw error
    }
  }
}

it('keeps every acknowledged reply through twenty kills', async () => {
  const random = createRandom(11)
  const acknowledged: Acknowledged = new Map()
  for (let round = 0; round < kills; round++) {
    const baseUrl = await start()
    const agent = new Agent({ connections: clients })
    const before = acknowledged.size
    const asking = Array.from({ length: clients }, (_, index) =>
      ask(baseUrl, agent, `round ${round} client ${index}`, acknowledged),
    )
    while (acknowledged.size < before + 20) await wait(5)
    await wait(random.next() * 150)
    child?.kill('SIGKILL')
    await Promise.all(asking)
    await agent.destroy()
  }
  expect(acknowledged.size).toBeGreaterThan(kills * 20)
  const store = openStore(data)
  const lost: string[] = []
  for (const [id, content] of acknowledged) {
    const capture = await store.findCapture(id)
    if (capture === null || !capture.response.includes(JSON.stringify(content))) lost.push(content)
  }
  await store.close()
  expect(lost).toEqual([])
})
