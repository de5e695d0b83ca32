/** Puts together what the app's handlers are given, and takes it apart again. */
import { randomUUID } from 'node:crypto'
import type { Store } from '../core/store.ts'
import { loadPriceTable } from '../models/prices.ts'
import type { ProviderSettings } from '../models/providers.ts'
import { defaultSettings, type ServeDeps, type ServeSettings } from './deps.ts'
import { createEvalQueue } from './evals/eval-queue.ts'
import { createCaptureWriter } from './gateway/capture-writer.ts'
import { createUpstream } from './gateway/upstream.ts'
import { findFineTuned } from './jobs/find-fine-tuned.ts'
import { createJobQueue } from './jobs/job-queue.ts'
import type { KeyCheck } from './keys.ts'
import type { Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createModelDirectory } from './model-directory.ts'

export interface DepsOptions {
  readonly store: Store
  /** The data folder. */
  readonly data: string
  /** Where `recorded/<name>.jsonl` lies. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly settings?: Partial<ServeSettings>
  readonly providers?: Readonly<Record<string, ProviderSettings>>
  readonly checkKey?: KeyCheck | null
  readonly log: Log
  readonly now?: () => number
  readonly newId?: () => string
}

export interface OpenedDeps {
  readonly deps: ServeDeps
  /** Ends long work and writes what waits. The store stays open: it is the caller's. */
  close(): Promise<void>
}

/** @throws CONFIG_INVALID for prices that cannot be read. */
export function openDeps(options: DepsOptions): OpenedDeps {
  const { store, data, folder, environment, providers, log, now = Date.now, newId = randomId } = options
  const settings = { ...defaultSettings, ...options.settings }
  const shutdown = new AbortController()
  const metrics = createMetrics()
  const prices = loadPriceTable()
  const { durability, upstream: bareNames, mostUpstream } = settings
  const captures = createCaptureWriter({ store, durability, metrics, log, newId })
  const upstream = createUpstream({
    most: mostUpstream,
    onChange: (underWay) => metrics.upstream.set(underWay),
    onTurnedAway: () => metrics.turnedAway.inc(),
  })
  const fineTuned = (name: string): Promise<string | null> => findFineTuned(store, data, name)
  const directory = {
    store,
    data,
    folder,
    environment,
    providers,
    upstream: bareNames,
    fineTuned,
    prices,
    now,
  }
  const models = createModelDirectory(directory)
  const common = {
    store,
    data,
    models,
    captures,
    upstream,
    metrics,
    prices,
    environment,
    settings,
    now,
    newId,
    log,
    checkKey: options.checkKey ?? null,
    signal: shutdown.signal,
  }
  const jobs = createJobQueue(common)
  const evals = createEvalQueue(common)
  return {
    deps: { ...common, jobs, evals },
    async close() {
      shutdown.abort()
      await evals.close()
      await jobs.close()
      await captures.drain()
      await upstream.close()
      await models.close()
    },
  }
}

function randomId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 24)
}
