/** The server's app on a fresh data folder, asked without a socket. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PotstillError } from '../../src/core/errors.ts'
import { createApp } from '../../src/serve/app.ts'
import { defaultSettings, type ServeApp, type ServeDeps } from '../../src/serve/deps.ts'
import { createJobQueue } from '../../src/serve/jobs/job-queue.ts'
import { openStore } from '../../src/store/sqlite-store.ts'

export interface ServedApp {
  readonly app: ServeApp
  readonly deps: ServeDeps
  /** A request below /v1; an object is sent as JSON. */
  ask(method: string, path: string, body?: unknown): Promise<Response>
  /** The same, its answer as JSON; throws for another status than `status`. */
  json<T = Record<string, unknown>>(method: string, path: string, body?: unknown, status?: number): Promise<T>
  /** As `kill -9` would, but for what this process holds in memory: the data stays. */
  stop(): Promise<void>
  /** Stops, and removes the data. */
  remove(): Promise<void>
}

/** `data` is the folder of a server that was stopped. */
export function serveApp(given: Partial<ServeDeps> = {}): ServedApp {
  const data = given.data ?? mkdtempSync(join(tmpdir(), 'potstill-serve-'))
  const store = openStore(data)
  const abort = new AbortController()
  let ids = 0
  const instance = Math.random().toString(36).slice(2, 10)
  const without: Omit<ServeDeps, 'jobs'> = {
    store,
    data,
    models: {
      resolve: (name) => Promise.reject(new PotstillError('MODEL_UNKNOWN', `no model ${name}`)),
      open: (name) => Promise.reject(new PotstillError('MODEL_UNKNOWN', `no model ${name}`)),
      close: () => Promise.resolve(),
    },
    prices: { models: {} } as unknown as ServeDeps['prices'],
    environment: {},
    settings: defaultSettings,
    now: () => Date.now(),
    newId: () => `${instance}${String(++ids).padStart(24 - instance.length, '0')}`,
    log: () => {},
    checkKey: null,
    signal: abort.signal,
    ...given,
  }
  const deps: ServeDeps = { jobs: createJobQueue(without), ...without }
  const app = createApp(deps)
  const ask: ServedApp['ask'] = async (method, path, body) =>
    app.request(`/v1${path}`, {
      method,
      ...(body === undefined
        ? {}
        : body instanceof FormData
          ? { body }
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
  const stop = async (): Promise<void> => {
    abort.abort()
    await deps.jobs.close()
    await store.close()
  }
  return {
    app,
    deps,
    ask,
    async json<T>(method: string, path: string, body?: unknown, status = 200) {
      const response = await ask(method, path, body)
      const text = await response.text()
      if (response.status !== status) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return JSON.parse(text) as T
    },
    stop,
    async remove() {
      await stop()
      rmSync(data, { recursive: true, force: true })
    },
  }
}
