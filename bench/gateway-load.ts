/**
 * The load of the gateway's bench: a process that sends requests at fixed times, however slowly they are answered
 * (open loop), and measures each from the time at which it should have been sent to the last byte of its reply.
 * It prints one JSON object; the ids of whole replies go to a file, one a line.
 */
import { createWriteStream } from 'node:fs'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'

export interface LoadResult {
  readonly sent: number
  readonly answered: number
  /** Anything but a whole 200 with the marker of its request. */
  readonly failed: number
  /** By what happened: "503", "UND_ERR_SOCKET", "wrong reply". */
  readonly faults: Readonly<Record<string, number>>
  /** Of all requests, in milliseconds; one that failed counts with the time that it took to fail. */
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly longestMs: number
  /** How late the load generator itself was in sending, 99th percentile: above a few milliseconds the machine is too busy. */
  readonly sendDelayP99Ms: number
}

interface LoadOptions {
  readonly url: string
  readonly model: string
  readonly headers: Readonly<Record<string, string>>
  readonly rate: number
  readonly seconds: number
  readonly stream: boolean
  readonly idsFile: string | null
}

const systemPrompt = 'You answer questions about orders, politely and in one sentence. '.repeat(18)
/** An overloaded gateway must not keep the bench for longer than this. */
const longestWaitMs = 30_000

async function load(options: LoadOptions): Promise<LoadResult> {
  const { url, rate, seconds, idsFile } = options
  const target = new URL(`${url}/chat/completions`)
  const pool = new Pool(target.origin, { connections: 1000, pipelining: 1, headersTimeout: longestWaitMs })
  const ids = idsFile === null ? null : createWriteStream(idsFile)
  const total = Math.round(rate * seconds)
  const latencies = new Float64Array(total)
  const delays = new Float64Array(total)
  const faults: Record<string, number> = {}
  let done = 0
  let answered = 0
  let finish = (): void => undefined
  const finished = new Promise<void>((resolve) => (finish = resolve))

  function settle(index: number, dueAt: number, fault: string | null, body: string): void {
    latencies[index] = performance.now() - dueAt
    if (fault === null) {
      answered++
      ids?.write(`${/"id":\s?"([^"]+)"/.exec(body)?.[1] ?? ''}\n`)
    } else faults[fault] = (faults[fault] ?? 0) + 1
    if (++done === total) finish()
  }

  const startedAt = performance.now() + 50
  let next = 0
  while (next < total) {
    const now = performance.now()
    for (; next < total && startedAt + (next * 1000) / rate <= now; next++) {
      const index = next
      const dueAt = startedAt + (index * 1000) / rate
      delays[index] = now - dueAt
      send(pool, target.pathname, options, index, (fault, body) => settle(index, dueAt, fault, body))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await finished
  await pool.destroy()
  if (ids !== null) await new Promise((resolve) => ids.end(resolve))
  const sorted = latencies.toSorted()
  const at = (share: number): number => round(sorted[Math.min(total - 1, Math.floor(share * total))])
  return {
    sent: total,
    answered,
    failed: total - answered,
    faults,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    longestMs: at(1),
    sendDelayP99Ms: round(delays.toSorted()[Math.floor(0.99 * total)]),
  }
}

function send(
  pool: Pool,
  path: string,
  { model, headers, stream }: LoadOptions,
  index: number,
  settle: (fault: string | null, body: string) => void,
): void {
  const marker = `#${index}#`
  const body = JSON.stringify({
    model,
    messages: [
      { role: 'system', content: systemPrompt },
      { role: 'user', content: `Where is my order ${marker}? I have been waiting for it since last week.` },
    ],
    ...(stream ? { stream: true } : {}),
    store: true,
  })
  let status = 0
  let text = ''
  pool.dispatch(
    { path, method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body },
    {
      onRequestStart: () => undefined,
      onResponseStart: (_, code) => void (status = code),
      onResponseData: (_, chunk) => void (text += chunk.toString()),
      onResponseEnd() {
        const whole = text.includes(marker) && (!stream || text.includes('data: [DONE]'))
        settle(status !== 200 ? `${status}` : whole ? null : 'wrong reply', text)
      },
      onResponseError: (_, error) => settle((error as { code?: string }).code ?? error.message, text),
    },
  )
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: '' },
    model: { type: 'string', default: 'stand-in' },
    headers: { type: 'string', default: '{}' },
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '5' },
    stream: { type: 'boolean', default: false },
    ids: { type: 'string' },
  },
})
const result = await load({
  url: values.url,
  model: values.model,
  headers: JSON.parse(values.headers) as Record<string, string>,
  rate: Number(values.rate),
  seconds: Number(values.seconds),
  stream: values.stream,
  idsFile: values.ids ?? null,
})
console.log(JSON.stringify(result))
process.exit(0)
