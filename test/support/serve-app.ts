/** The server's app on a fresh data folder, asked without a socket. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../../src/serve/app.ts'
import type { ServeApp, ServeDeps } from '../../src/serve/deps.ts'
import { openDeps, type DepsOptions } from '../../src/serve/open-deps.ts'
import { openStore } from '../../src/store/sqlite-store.ts'

export interface ServedApp {
  readonly app: ServeApp
  readonly deps: ServeDeps
  /** A request below /v1; an object is sent as JSON. */
  ask(method: string, path: string, body?: unknown): Promise<Response>
  /** The same, its answer as JSON; throws for another status than `status`. */
  json<T = Record<string, unknown>>(method: string, path: string, body?: unknown, status?: number): Promise<T>
  /** The data stays. */
  stop(): Promise<void>
  /** Stops, and removes the data. */
  remove(): Promise<void>
}

/** `data` is the folder of a server that was stopped. Jobs run once one is made, or `deps.jobs` is started. */
export function serveApp(given: Partial<DepsOptions> = {}): ServedApp {
  const data = given.data ?? mkdtempSync(join(tmpdir(), 'potstill-serve-'))
  const store = openStore(data)
  const opened = openDeps({ store, data, folder: data, environment: {}, log: () => {}, ...given })
  const { deps } = opened
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
    await opened.close()
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
