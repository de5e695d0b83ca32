/**
 * 10,000 connections that say nothing, or send a header byte by byte, while others ask: how the gateway answers
 * meanwhile, what each costs it in memory, and when it gets rid of them. `npm run bench -- gateway-idle`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { firstLine, megabytesOf, runLoad, startNode, type Settings } from './gateway.ts'
import { potstill } from './gateway-peers.ts'

/** Prints one JSON object. */
export async function benchGatewayIdle(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      connections: { type: 'string', default: '10000' },
      seconds: { type: 'string', default: '10' },
      rate: { type: 'string', default: '100' },
    },
  })
  const load: Settings = {
    seconds: Number(values.seconds),
    rate: Number(values.rate),
    pairs: 1,
    upstreamMs: 20,
    stream: false,
  }
  const folder = mkdtempSync(join(tmpdir(), 'potstill-gateway-'))
  const upstream = startNode('gateway-upstream.ts', ['--latency', `${load.upstreamMs}`])
  const gateway = await potstill('durable').start({ upstream: await firstLine(upstream), folder })
  try {
    await runLoad(gateway, load, null)
    const alone = await runLoad(gateway, load, null)
    const megabytesBefore = megabytesOf(gateway.pid)
    const crowd = await openCrowd(Number(new URL(gateway.url).port), Number(values.connections))
    const openedAt = performance.now()
    const crowded = await runLoad(gateway, load, null)
    const megabytesWith = megabytesOf(gateway.pid)
    const opened = crowd.open()
    while (crowd.open() > 0 && performance.now() - openedAt < 120_000) await wait(250)
    const result = {
      connections: opened,
      answered: crowded.answered,
      failed: crowded.failed,
      alone: { p50Ms: alone.p50Ms, p99Ms: alone.p99Ms },
      crowded: { p50Ms: crowded.p50Ms, p99Ms: crowded.p99Ms },
      megabytesBefore,
      megabytesWith,
      leftAfterTwoMinutes: crowd.open(),
      lastClosedAfterSeconds: Math.round((performance.now() - openedAt) / 1000),
    }
    console.log(JSON.stringify(result, null, 2))
    crowd.close()
  } finally {
    await gateway.stop()
    upstream.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Crowd {
  open(): number
  close(): void
}

/** Every second one begins a request and sends a byte of it each second; the others send nothing. */
async function openCrowd(port: number, count: number): Promise<Crowd> {
  const sockets = new Set<Socket>()
  const start = (index: number): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        resolve()
      })
      socket.on('connect', () => {
        if (index % 2 === 0) socket.write('POST /v1/chat/completions HTTP/1.1\r\nX-Slow: ')
        resolve()
      })
    })
  for (let index = 0; index < count; index += 500) {
    const batch = Math.min(500, count - index)
    await Promise.all(Array.from({ length: batch }, (_, offset) => start(index + offset)))
  }
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.bytesWritten > 0) socket.write('x')
  }, 1000)
  return {
    open: () => sockets.size,
    close() {
      clearInterval(drip)
      for (const socket of sockets) socket.destroy()
    },
  }
}
