/**
 * 10,000 paid calls to a local server that takes 50 ms for each, 200 at once, every reply committed: how near to
 * the ideal time, against the `openai` package in a loop, and whether memory stays flat. `npm run bench -- calls`.
 * Each measurement is a process of its own, ours and theirs in turn, because two busy cores make noise.
 */
import OpenAI from 'openai'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { Agent } from 'undici'
import { createBudget } from '../src/models/budget.ts'
import { loadPriceTable } from '../src/models/prices.ts'
import { createConnections, openProviderModel } from '../src/models/provider-model.ts'
import { openStore } from '../src/store/sqlite-store.ts'

const latencyMs = 50
const limit = 200
const systemPrompt = 'You sort messages. '.repeat(200)

type Contestant = 'ours' | 'ours-adaptive-start' | 'openai' | 'undici'

interface Measurement {
  readonly seconds: number
  /** Processor time of the client, user and system: steadier than `seconds` where the machine is busy. */
  readonly cpuSeconds: number
  /** Highest resident memory up to the 2,000th reply, and up to the last. */
  readonly megabytesAt2000: number
  readonly megabytesAtEnd: number
}

/**
 * Prints one JSON object of ratios, with best, median and all rounds. `undiciToIdeal` is what the machine allows
 * just now: undici alone, nothing kept. Above 1.1 it is busy with something else.
 */
export async function benchCalls(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { calls: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '3' } },
  })
  const calls = Number(values.calls)
  const idealSeconds = (calls / limit) * (latencyMs / 1000)
  const rounds: Record<Contestant, Measurement>[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const ours = await measure('ours', calls)
    const openai = await measure('openai', calls)
    const adaptive = await measure('ours-adaptive-start', calls)
    const undici = await measure('undici', calls)
    rounds.push({ ours, openai, undici, 'ours-adaptive-start': adaptive })
  }
  const ratios = (ratio: (round: Record<Contestant, Measurement>) => number): Ratios =>
    summarise(rounds.map(ratio))
  const result = {
    calls,
    idealSeconds,
    oursToIdeal: ratios(({ ours }) => ours.seconds / idealSeconds),
    adaptiveStartToIdeal: ratios((round) => round['ours-adaptive-start'].seconds / idealSeconds),
    undiciToIdeal: ratios(({ undici }) => undici.seconds / idealSeconds),
    oursToUndici: ratios(({ ours, undici }) => ours.seconds / undici.seconds),
    openaiToOurs: ratios(({ ours, openai }) => openai.seconds / ours.seconds),
    oursCpuSeconds: ratios(({ ours }) => ours.cpuSeconds),
    openaiCpuSeconds: ratios(({ openai }) => openai.cpuSeconds),
    memoryAtEndTo2000: ratios(({ ours }) => ours.megabytesAtEnd / ours.megabytesAt2000),
    megabytesAtEnd: ratios(({ ours }) => ours.megabytesAtEnd),
  }
  console.log(JSON.stringify(result, null, 2))
}

interface Ratios {
  readonly best: number
  readonly median: number
  readonly all: readonly number[]
}

function summarise(values: readonly number[]): Ratios {
  const sorted = [...values].sort((a, b) => a - b).map((value) => Number(value.toFixed(2)))
  return { best: sorted[0], median: sorted[Math.floor(sorted.length / 2)], all: sorted }
}

/** A fresh server and a fresh client, each a process. */
async function measure(contestant: Contestant, calls: number): Promise<Measurement> {
  const server = startNode('../test/support/fault-provider.ts', [
    '--latency',
    `${latencyMs}`,
    '--answer',
    '{"label":"a"}',
  ])
  try {
    const baseUrl = await firstLine(server)
    const client = startNode('calls.ts', [
      '--contestant',
      contestant,
      '--url',
      baseUrl,
      '--calls',
      `${calls}`,
    ])
    return JSON.parse(await firstLine(client)) as Measurement
  } finally {
    server.kill()
  }
}

function startNode(file: string, args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
  const path = join(import.meta.dirname, file)
  return spawn(process.execPath, ['--import', 'tsx', path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
}

async function firstLine(child: ChildProcessByStdio<Writable, Readable, null>): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    if (text.includes('\n')) break
  }
  if (text === '')
    throw new Error(`a process of the bench ended early (${String((await once(child, 'close'))[0])})`)
  return text.slice(0, text.indexOf('\n'))
}

type Ask = (index: number) => Promise<unknown>

/** One contestant's work, in a child process. */
async function race(contestant: Contestant, baseUrl: string, calls: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'potstill-bench-'))
  const { ask, close } = openRacer(contestant, baseUrl, folder)
  const peaks = { megabytesAt2000: 0, megabytesAtEnd: 0 }
  let next = 0
  let done = 0
  const worker = async (): Promise<void> => {
    while (next < calls) {
      await ask(next++)
      done++
      if (done % 100 !== 0) continue
      const megabytes = process.memoryUsage.rss() / 1024 / 1024
      peaks.megabytesAtEnd = Math.max(peaks.megabytesAtEnd, megabytes)
      if (done <= 2000) peaks.megabytesAt2000 = peaks.megabytesAtEnd
    }
  }
  await ask(calls)
  const cpuBefore = process.cpuUsage()
  const started = performance.now()
  await Promise.all(Array.from({ length: limit }, worker))
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  await close()
  rmSync(folder, { recursive: true })
  console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, ...peaks }))
  process.exit(0)
}

interface Racer {
  readonly ask: Ask
  readonly close: () => Promise<void>
}

function openRacer(contestant: Contestant, baseUrl: string, folder: string): Racer {
  if (contestant === 'openai') return openaiPackage(baseUrl)
  return contestant === 'undici' ? undiciAlone(baseUrl) : potstill(baseUrl, folder, contestant === 'ours')
}

function messagesOf(index: number): { role: 'system' | 'user'; content: string }[] {
  return [
    { role: 'system', content: systemPrompt },
    { role: 'user', content: `message ${index}` },
  ]
}

function undiciAlone(baseUrl: string): Racer {
  const agent = new Agent({ connections: limit })
  const { origin, pathname } = new URL(`${baseUrl}/chat/completions`)
  return {
    ask: async (index) => {
      const body = JSON.stringify({ model: 'stand-in', messages: messagesOf(index) })
      const headers = { 'content-type': 'application/json' }
      const reply = await agent.request({ origin, path: pathname, method: 'POST', headers, body })
      return reply.body.json()
    },
    close: () => agent.destroy(),
  }
}

function potstill(baseUrl: string, folder: string, atFullWidth: boolean): Racer {
  const store = openStore(folder)
  const connections = createConnections({
    env: {},
    declared: { local: { baseUrl, concurrency: limit } },
    ...(atFullWidth ? { initialConcurrency: limit } : {}),
  })
  const model = openProviderModel({
    model: 'local/stand-in',
    connections,
    store,
    run: 'bench',
    budget: createBudget(1000, 0),
    prices: loadPriceTable({ 'local/stand-in': { input: 1, output: 2 } }),
  })
  return {
    ask: (index) => model.complete({ messages: messagesOf(index) }),
    close: async () => {
      const spent = await store.spentUsd('bench')
      if (spent === 0) throw new Error('nothing was committed')
      await connections.close()
      await store.close()
    },
  }
}

function openaiPackage(baseUrl: string): Racer {
  const client = new OpenAI({ baseURL: baseUrl, apiKey: 'none', maxRetries: 0 })
  return {
    ask: (index) => client.chat.completions.create({ model: 'stand-in', messages: messagesOf(index) }),
    close: async () => undefined,
  }
}

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({
    options: { contestant: { type: 'string' }, url: { type: 'string' }, calls: { type: 'string' } },
  })
  await race(values.contestant as Contestant, values.url ?? '', Number(values.calls))
}
