import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startProvider } from '../../test/support/fault-provider.ts'
import { openStore } from '../store/sqlite-store.ts'
import { createKey, createKeyCheck, listKeys, removeKey } from './keys.ts'
import { startServer, type RunningServer, type ServerOptions } from './server.ts'

const root = mkdtempSync(join(tmpdir(), 'potstill-server-'))
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function newStore() {
  const data = mkdtempSync(join(root, 'data-'))
  const store = openStore(data)
  closing.push(() => store.close())
  return { store, data, folder: data, environment: {}, log: () => {} }
}

async function start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ ...newStore(), host: '127.0.0.1', port: 0, ...options })
  closing.push(() => server.close())
  return server
}

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })

describe('keys', () => {
  it('are needed to listen beyond this machine', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'USAGE' })
    const { store, ...place } = newStore()
    await start({ ...place, store, host: '0.0.0.0', checkKey: createKeyCheck(store, Date.now) })
  })

  it('say what their holders may do, are kept as hashes, and end when they are removed', async () => {
    const { store, ...place } = newStore()
    let now = 0
    const infer = await createKey(store, 'app', 'infer', 1)
    const manage = await createKey(store, 'me', 'manage', 2)
    const { baseUrl } = await start({ ...place, store, checkKey: createKeyCheck(store, () => now) })
    const status = async (path: string, key?: string): Promise<number> =>
      (await fetch(`${baseUrl}${path}`, key === undefined ? {} : bearer(key))).status
    expect(await status('/files')).toBe(401)
    expect(await status('/files', 'ps-wrong')).toBe(401)
    expect(await status('/files', infer)).toBe(403)
    expect(await status('/files', manage)).toBe(200)
    expect(await status('/../metrics')).toBe(401)
    expect(await status('/../healthz')).toBe(200)
    const chat = await fetch(`${baseUrl}/chat/completions`, { method: 'POST', body: '{}', ...bearer(infer) })
    expect(chat.status).toBe(400)
    const kept = JSON.stringify(await store.listRecords('key', { limit: 10, order: 'asc' }))
    expect(kept).not.toContain(infer)
    expect(await listKeys(store)).toEqual([
      { name: 'app', role: 'infer', createdAtMs: 1 },
      { name: 'me', role: 'manage', createdAtMs: 2 },
    ])
    expect(await removeKey(store, 'me')).toBe(true)
    expect(await removeKey(store, 'me')).toBe(false)
    now += 3000
    expect(await status('/files', manage)).toBe(401)
  })

  it('of one name replace each other', async () => {
    const { store } = newStore()
    const first = await createKey(store, 'app', 'infer', 1)
    const second = await createKey(store, 'app', 'manage', 2)
    const check = createKeyCheck(store, () => 0)
    expect([await check(first), await check(second)]).toEqual([null, 'manage'])
  })
})

describe('the server', () => {
  it("passes a client's request id through, and makes one where it has none or a bad one", async () => {
    const lines: unknown[] = []
    const { baseUrl } = await start({ log: (_, message, facts) => lines.push({ message, ...facts }) })
    const own = await fetch(`${baseUrl}/nothing`, { headers: { 'x-request-id': 'mine-1' } })
    expect(own.headers.get('x-request-id')).toBe('mine-1')
    expect(lines).toMatchObject([{ message: 'request', requestId: 'mine-1', status: 404, method: 'GET' }])
    const bad = await fetch(`${baseUrl}/nothing`, { headers: { 'x-request-id': 'two words' } })
    expect(bad.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{24}$/)
  })

  it('allows no other origin, and counts what it did', async () => {
    const { baseUrl } = await start()
    const response = await fetch(`${baseUrl}/files`, { headers: { origin: 'https://evil.example' } })
    expect(response.status).toBe(403)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect((await fetch(`${baseUrl}/files`)).status).toBe(200)
    const metrics = await (await fetch(new URL('/metrics', baseUrl))).text()
    expect(metrics).toContain('potstill_requests_total{status="200"} 1')
    expect(metrics).toContain('potstill_captures_waiting 0')
  })

  it('cuts the connection of a client whose stream breaks off at the provider', async () => {
    const provider = await startProvider({
      fault: () => ({
        status: 200,
        headers: { 'content-type': 'text/event-stream', 'content-length': '1000' },
        body: 'data: {"choices":[]}\n\n',
      }),
    })
    closing.push(provider.close)
    const { baseUrl } = await start({ settings: { upstream: provider.baseUrl } })
    const body = JSON.stringify({ model: 'm', messages: [{}], stream: true })
    const response = fetch(`${baseUrl}/chat/completions`, { method: 'POST', body })
    setTimeout(() => void provider.close(), 100)
    await expect(response.then(async (started) => started.text())).rejects.toThrow('terminated')
  })

  it('lets requests under way end when it closes, and keeps what waits', async () => {
    const provider = await startProvider({ latencyMs: 200 })
    closing.push(provider.close)
    const { store, ...place } = newStore()
    const settings = { upstream: provider.baseUrl, durability: 'relaxed', capture: 'all' } as const
    const server = await startServer({ ...place, store, host: '127.0.0.1', port: 0, settings })
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
    const asked = fetch(`${server.baseUrl}/chat/completions`, { method: 'POST', body })
    while (provider.counts().requests === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await server.close()
    expect((await asked).status).toBe(200)
    expect(await store.listCaptures({}, { limit: 10, order: 'asc' })).toHaveLength(1)
  })
})
