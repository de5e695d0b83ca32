/** Finds who answers to a name: an alias, a student and its versions, a fine-tuned name, recorded answers, a provider's model. */
import { join } from 'node:path'
import type { ChatModel } from '../core/chat-model.ts'
import { PotstillError } from '../core/errors.ts'
import type { Store } from '../core/store.ts'
import { createBudget } from '../models/budget.ts'
import { createEmbedder } from '../models/embed.ts'
import type { PriceTable } from '../models/prices.ts'
import { createConnections, openProviderModel } from '../models/provider-model.ts'
import { resolveProvider, type ProviderSettings, type ProviderSources } from '../models/providers.ts'
import { openRecordedModel } from '../models/recorded-model.ts'
import { findStudent } from '../runs/students.ts'
import { openStudent } from '../students/registry.ts'
import { resolveAlias, type AliasVersion } from './aliases.ts'
import type { FineTunedLookup, ModelDirectory, Resolved, Target } from './deps.ts'

export interface DirectoryOptions {
  readonly store: Store
  readonly data: string
  /** Where `recorded/<name>.jsonl` lies. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly providers?: Readonly<Record<string, ProviderSettings>>
  /** A provider's name or a base URL, for bare names; null for none. */
  readonly upstream: string | null
  readonly fineTuned: FineTunedLookup
  readonly prices: PriceTable
  readonly now: () => number
}

/** How long the newest student of a name is taken to be the newest. */
const newestForMs = 1000
/** Names come from clients: what is remembered of them is bounded. */
const mostRemembered = 1000
/** Clients name models: what cannot be the name of a student is not looked for on disk. */
const studentName = /^[a-z0-9][a-z0-9._-]*(?:@\d+)?$/
const recordedName = /^recorded\/([A-Za-z0-9][A-Za-z0-9._-]*)$/
const upstreamKeyVariable = 'POTSTILL_UPSTREAM_KEY'

/** Students stay open once they were asked. */
export function createModelDirectory(options: DirectoryOptions): ModelDirectory {
  const { store, data, folder, prices, now } = options
  const { sources, prefix } = providerSources(options)
  const connections = createConnections(sources)
  const embedder = createEmbedder({ connections, store, budget: createBudget(null, 0), prices })
  const opened = new Map<string, Promise<ChatModel>>()
  const providerTargets = new Map<string, Target>()
  const folders = new Map<string, { readonly folder: string | null; readonly untilMs: number }>()

  /** Opened once; a failure is forgotten, so that it can be mended while the server runs. */
  function openOnce(key: string, open: () => Promise<ChatModel>): Promise<ChatModel> {
    const known = opened.get(key)
    if (known !== undefined) return known
    const model = open()
    opened.set(key, model)
    model.catch(() => opened.delete(key))
    return model
  }

  const openFolder = (path: string): Promise<ChatModel> =>
    openOnce(path, async () => (await openStudent(path)).model)

  async function studentFolder(name: string): Promise<string | null> {
    const known = folders.get(name)
    if (known !== undefined && known.untilMs > now()) return known.folder
    if (folders.size >= mostRemembered) folders.clear()
    const found = name.startsWith('ft:')
      ? await options.fineTuned(name)
      : studentName.test(name)
        ? await findStudent(data, name, join(data, 'runs'))
        : null
    folders.set(name, { folder: found, untilMs: now() + newestForMs })
    return found
  }

  async function local(name: string): Promise<Target | null> {
    const [, recorded] = recordedName.exec(name) ?? []
    if (recorded !== undefined) {
      const file = join(folder, 'recorded', `${recorded}.jsonl`)
      const shownAs = `recorded/${recorded}.jsonl`
      const model = await openOnce(name, () => openRecordedModel({ name: recorded, file, shownAs, prices }))
      return { kind: 'local', id: model.id, model }
    }
    const student = await studentFolder(name)
    if (student === null) return null
    const model = await openFolder(student)
    // A fine-tuned name leads back to its job, which the student's own does not.
    return { kind: 'local', id: name.startsWith('ft:') ? name : model.id, model }
  }

  function providerName(name: string): string {
    if (name.includes('/')) return name
    if (prefix !== null && name !== '' && !name.startsWith('ft:')) return `${prefix}/${name}`
    throw new PotstillError('MODEL_UNKNOWN', `The model ${JSON.stringify(name)} does not exist`, {
      hint: 'GET /v1/models lists what answers here; bare names of a provider need `potstill serve --upstream`.',
    })
  }

  /** The environment does not change while the server runs. */
  function providerTarget(id: string): Target {
    const known = providerTargets.get(id)
    if (known !== undefined) return known
    const found: Target = { kind: 'provider', id, ...resolveProvider(id, sources) }
    if (providerTargets.size >= mostRemembered) providerTargets.clear()
    providerTargets.set(id, found)
    return found
  }

  async function target(name: string): Promise<Target> {
    const found = await local(name)
    if (found !== null) return found
    return providerTarget(providerName(name))
  }

  async function behindAlias(name: string, version: AliasVersion): Promise<Resolved> {
    const alias = name.replace(/@\d+$/, '')
    const base = { target: await target(version.model), why: `alias ${alias}@${version.version}`, alias }
    if (version.teacher === null) return base
    // Without a threshold nothing is sure enough.
    return { ...base, teacher: await target(version.teacher), threshold: version.threshold ?? 1 }
  }

  async function resolve(name: string): Promise<Resolved> {
    const version = await resolveAlias(store, name)
    if (version !== null) return behindAlias(name, version)
    const found = await target(name)
    const isNewest = found.kind === 'local' && studentName.test(name) && !name.includes('@')
    return isNewest
      ? { target: found, why: 'newest student', alias: name }
      : { target: found, why: 'named', alias: null }
  }

  return {
    resolve,
    async open(name, run) {
      const found = (await resolve(name)).target
      if (found.kind === 'local') return found.model
      const budget = createBudget(null, 0)
      return openProviderModel({ model: found.id, connections, store, run, budget, prices })
    },
    embed: async (name, texts, run, signal) => embedder.embed(providerName(name), texts, run, signal),
    async close() {
      await embedder.close()
      for (const model of opened.values()) await model.then((known) => known.close?.()).catch(() => undefined)
      await connections.close()
    },
  }
}

/** An upstream that is an address becomes a provider of its own, whose key has a variable of its own. */
function providerSources({ upstream, providers = {}, environment }: DirectoryOptions): {
  readonly sources: ProviderSources
  readonly prefix: string | null
} {
  if (upstream === null || !/^https?:/.test(upstream)) {
    return { sources: { declared: providers, env: environment }, prefix: upstream }
  }
  const keyed = (environment[upstreamKeyVariable] ?? '') !== ''
  const own: ProviderSettings = { baseUrl: upstream, ...(keyed ? { keyEnv: upstreamKeyVariable } : {}) }
  return { sources: { declared: { ...providers, upstream: own }, env: environment }, prefix: 'upstream' }
}
