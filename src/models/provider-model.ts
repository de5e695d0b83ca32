/** Opens models of providers: client, scheduler, budget and call log put together. */
import type { ChatModel } from '../core/chat-model.ts'
import { createRandom, type Random } from '../core/random.ts'
import type { Store } from '../core/store.ts'
import type { Budget } from './budget.ts'
import { createLoggedModel, type Connection } from './call-log.ts'
import { systemClock, type Clock } from './clock.ts'
import { createLateSignals } from './late-signals.ts'
import { createChatClient } from './openai-client.ts'
import { describePrice, findPrice, type PriceTable } from './prices.ts'
import { resolveProvider, type Provider, type ProviderSources } from './providers.ts'
import { createScheduler, type SchedulerStats } from './scheduler.ts'

/** How long an interrupted run waits for replies that are under way. */
const graceMs = 10_000

export interface ConnectionsOptions extends ProviderSources {
  /** Called after each attempt, with the provider's name. */
  readonly onStats?: (provider: string, stats: SchedulerStats) => void
  /** How many requests at once to begin with; see SchedulerOptions. */
  readonly initialConcurrency?: number
  readonly clock?: Clock
  readonly random?: Random
}

/** The connections of a process, one a provider, so that all of its models share limits and calls under way. */
export interface Connections {
  readonly sources: ProviderSources
  to(provider: Provider): Connection
  stats(): Readonly<Record<string, SchedulerStats>>
  close(): Promise<void>
}

export function createConnections(options: ConnectionsOptions): Connections {
  const open = new Map<string, Connection>()
  return {
    sources: options,
    to(provider) {
      const connection = open.get(provider.name) ?? connect(provider, options)
      open.set(provider.name, connection)
      return connection
    },
    stats: () =>
      Object.fromEntries([...open].map(([name, { scheduler }]) => [name, scheduler.stats()] as const)),
    async close() {
      for (const { lateSignals } of open.values()) lateSignals.close()
      await Promise.all([...open.values()].map(({ client }) => client.close()))
      open.clear()
    },
  }
}

function connect(provider: Provider, options: ConnectionsOptions): Connection {
  const { onStats, initialConcurrency, clock = systemClock } = options
  const scheduler = createScheduler({
    ...provider,
    initialConcurrency,
    clock,
    random: options.random ?? createRandom(Date.now()),
    onStats: onStats === undefined ? undefined : (stats) => onStats(provider.name, stats),
  })
  return {
    provider,
    client: createChatClient(provider),
    scheduler,
    lateSignals: createLateSignals(clock, graceMs),
    underWay: new Map(),
  }
}

export interface ProviderModelOptions {
  /** "openai/gpt-6-sol": provider and the model's name there. */
  readonly model: string
  readonly connections: Connections
  readonly store: Store
  /** The run or job that pays. */
  readonly run: string
  readonly budget: Budget
  readonly prices: PriceTable
}

/** Throws, before anything is sent, MODEL_UNKNOWN, MODEL_KEY_MISSING or CONFIG_INVALID. */
export function openProviderModel(options: ProviderModelOptions): ChatModel {
  const { model: id, connections, store, run, budget, prices } = options
  const { provider, model } = resolveProvider(id, connections.sources)
  return createLoggedModel({
    id,
    model,
    connection: connections.to(provider),
    store,
    run,
    budget,
    price: findPrice(prices, id),
    priceBasis: `provider usage at ${describePrice(prices, id)}`,
  })
}
