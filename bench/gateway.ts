/**
 * What the gateway adds to a reply's latency: 1,000 requests a second in an open loop, straight to a local stand-in
 * for a provider and through the gateway in turn, on the cores that all three share. `npm run bench -- gateway`.
 * Afterwards every acknowledged reply is looked up in the store. Other gateways run the same way where the command
 * that starts one is given.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { openStore } from '../src/store/sqlite-store.ts'
import type { LoadResult } from './gateway-load.ts'
import { peers, potstill, type Gateway, type GatewayName, type StartedGateway } from './gateway-peers.ts'

export interface Settings {
  readonly seconds: number
  readonly pairs: number
  readonly rate: number
  readonly upstreamMs: number
  readonly stream: boolean
}

const warmUpSeconds = 5

interface Pair {
  readonly straight: LoadResult
  readonly through: LoadResult
  /** Resident memory of the gateway after the pair. */
  readonly megabytes: number
  /** Processor time of the gateway for one request: steadier than latencies where the machine is busy. */
  readonly cpuMsPerRequest: number
}

interface Figures {
  /** Median over the pairs of (quantile through − quantile straight). */
  readonly addedP50Ms: number
  readonly addedP99Ms: number
  readonly pairs: readonly {
    readonly addedP50Ms: number
    readonly addedP99Ms: number
    readonly straightP50Ms: number
    readonly straightP99Ms: number
    readonly throughP50Ms: number
    readonly throughP99Ms: number
    readonly failed: number
    readonly megabytes: number
    readonly cpuMsPerRequest: number
  }[]
  readonly faults: Readonly<Record<string, number>>
  /** Replies that a client has whole and the store has not; null for gateways that keep none. */
  readonly missing: number | null
  readonly acknowledged: number
  /** How late the load generator sent, the worst 99th percentile: the machine's share of all figures. */
  readonly sendDelayP99Ms: number
}

/** Prints one JSON object: the settings, then the figures of each gateway. */
export async function benchGateway(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      pairs: { type: 'string', default: '5' },
      rate: { type: 'string', default: '1000' },
      'upstream-ms': { type: 'string', default: '20' },
      stream: { type: 'boolean', default: false },
      only: { type: 'string', default: 'durable,relaxed,portkey,litellm' },
      portkey: { type: 'string' },
      litellm: { type: 'string' },
    },
  })
  const settings: Settings = {
    seconds: Number(values.seconds),
    pairs: Number(values.pairs),
    rate: Number(values.rate),
    upstreamMs: Number(values['upstream-ms']),
    stream: values.stream,
  }
  const figures: Record<string, Figures | string> = {}
  for (const name of values.only.split(',') as GatewayName[]) {
    const gateway = gatewayOf(name, values)
    figures[name] = typeof gateway === 'string' ? gateway : await measure(gateway, settings)
    process.stderr.write(`${name}: ${describe(figures[name])}\n`)
  }
  console.log(JSON.stringify({ ...settings, figures }, null, 2))
}

/** The gateway, or why it is left out. */
function gatewayOf(name: GatewayName, commands: { portkey?: string; litellm?: string }): Gateway | string {
  if (name === 'durable' || name === 'relaxed') return potstill(name)
  if (!Object.hasOwn(peers, name)) throw new Error(`--only: there is no gateway ${JSON.stringify(name)}`)
  const command = commands[name]
  return command === undefined
    ? `skipped: give the command that starts it with --${name}`
    : peers[name](command)
}

async function measure(gateway: Gateway, settings: Settings): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'potstill-gateway-'))
  const upstream = startNode('gateway-upstream.ts', ['--latency', `${settings.upstreamMs}`])
  let started: StartedGateway | null = null
  try {
    const straightUrl = await firstLine(upstream)
    started = await gateway.start({ upstream: straightUrl, folder })
    const ways = { straight: { url: straightUrl, model: 'stand-in', headers: {} }, through: started }
    // What is compiled, connected and cached with the first requests is not what is measured.
    for (const way of [ways.straight, started])
      await runLoad(way, { ...settings, seconds: warmUpSeconds }, null)
    const pairs: Pair[] = []
    const idFiles: string[] = []
    for (let index = 0; index < settings.pairs; index++) {
      const idFile = join(folder, `ids-${index}.txt`)
      idFiles.push(idFile)
      const halves: { straight?: LoadResult; through?: LoadResult } = {}
      const order = index % 2 === 0 ? (['straight', 'through'] as const) : (['through', 'straight'] as const)
      const cpuBefore = cpuMsOf(started.pid)
      for (const way of order) {
        halves[way] = await runLoad(ways[way], settings, way === 'through' ? idFile : null)
      }
      const cpuMsPerRequest = (cpuMsOf(started.pid) - cpuBefore) / (settings.rate * settings.seconds)
      pairs.push({
        ...(halves as Required<typeof halves>),
        megabytes: megabytesOf(started.pid),
        cpuMsPerRequest,
      })
    }
    await started.stop()
    const acknowledged = idFiles.flatMap(readIds)
    const missing = gateway.keeps ? await countMissing(folder, acknowledged) : null
    return summarise(pairs, missing, acknowledged.length)
  } finally {
    await started?.stop()
    upstream.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Way = Pick<StartedGateway, 'url' | 'model' | 'headers'>

export async function runLoad(way: Way, settings: Settings, idFile: string | null): Promise<LoadResult> {
  const words = ['--url', way.url, '--model', way.model, '--headers', JSON.stringify(way.headers)]
  words.push('--rate', `${settings.rate}`, '--seconds', `${settings.seconds}`)
  if (settings.stream) words.push('--stream')
  if (idFile !== null) words.push('--ids', idFile)
  const child = startNode('gateway-load.ts', words)
  const closed = once(child, 'close')
  const result = JSON.parse(await firstLine(child)) as LoadResult
  await closed
  return result
}

function readIds(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
}

async function countMissing(folder: string, ids: readonly string[]): Promise<number> {
  const store = openStore(folder)
  let missing = ids.length - new Set(ids).size
  for (const id of ids) if ((await store.findCapture(id)) === null) missing++
  await store.close()
  return missing
}

/** User and system, from the system, which counts in hundredths of a second; 0 where it does not say. */
function cpuMsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return 0
  }
}

/** Resident, from the system; 0 where it does not say. */
export function megabytesOf(pid: number): number {
  try {
    const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
    return Math.round((Number(pages) * 4096) / 1024 / 1024)
  } catch {
    return 0
  }
}

function summarise(pairs: readonly Pair[], missing: number | null, acknowledged: number): Figures {
  const each = pairs.map(({ straight, through, megabytes, cpuMsPerRequest }) => ({
    addedP50Ms: round(through.p50Ms - straight.p50Ms),
    addedP99Ms: round(through.p99Ms - straight.p99Ms),
    straightP50Ms: straight.p50Ms,
    straightP99Ms: straight.p99Ms,
    throughP50Ms: through.p50Ms,
    throughP99Ms: through.p99Ms,
    failed: through.failed,
    megabytes,
    cpuMsPerRequest: round(cpuMsPerRequest),
  }))
  const faults: Record<string, number> = {}
  for (const [fault, count] of pairs.flatMap(({ through }) => Object.entries(through.faults))) {
    faults[fault] = (faults[fault] ?? 0) + count
  }
  const delays = pairs.flatMap(({ straight, through }) => [straight.sendDelayP99Ms, through.sendDelayP99Ms])
  return {
    addedP50Ms: median(each.map(({ addedP50Ms }) => addedP50Ms)),
    addedP99Ms: median(each.map(({ addedP99Ms }) => addedP99Ms)),
    pairs: each,
    faults,
    missing,
    acknowledged,
    sendDelayP99Ms: Math.max(...delays),
  }
}

function describe(figures: Figures | string): string {
  if (typeof figures === 'string') return figures
  const { addedP50Ms, addedP99Ms, missing, acknowledged, pairs } = figures
  const failed = pairs.reduce((sum, pair) => sum + pair.failed, 0)
  const memory = pairs.map(({ megabytes }) => megabytes).join(', ')
  return `adds ${addedP50Ms} ms at the median, ${addedP99Ms} ms at the 99th percentile; ${acknowledged} replies, ${failed} failed, ${missing === null ? 'none kept' : `${missing} missing`}; ${pairs.map((pair) => pair.cpuMsPerRequest).join(', ')} ms of processor a request; ${memory} MB after each pair`
}

function median(values: readonly number[]): number {
  return round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)])
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

export function startNode(
  file: string,
  args: readonly string[],
): ChildProcessByStdio<Writable, Readable, null> {
  const path = join(import.meta.dirname, file)
  return spawn(process.execPath, ['--import', 'tsx', path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
}

export async function firstLine(child: ChildProcessByStdio<Writable, Readable, null>): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'))
  }
  throw new Error('a process of the bench ended early')
}
