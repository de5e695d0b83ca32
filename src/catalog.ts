/** Resolves a name of the config ("openai/gpt-6-sol", "recorded/with-guide", "support-desk@3") to a model that answers. */
import type { ChatModel } from './core/chat-model.ts'
import type { Config } from './core/config.ts'
import { resolvePath } from './core/load-config.ts'
import type { Store } from './core/store.ts'
import { createBudget } from './models/budget.ts'
import { createEmbedder, type Embedder } from './models/embed.ts'
import { loadPriceTable, type PriceTable } from './models/prices.ts'
import { createConnections, openProviderModel } from './models/provider-model.ts'
import { resolveProvider } from './models/providers.ts'
import { openRecordedModel } from './models/recorded-model.ts'
import { findStudent } from './runs/students.ts'
import { openStudent } from './students/registry.ts'

export interface OpenedModel {
  readonly model: ChatModel
  /** What its answers depend on besides the request: part of a step's inputs. */
  readonly identity: Readonly<Record<string, string>>
  /** How its price comes about, in words. */
  readonly priceBasis: string
}

/** An open model on disk. */
export interface OpenBase {
  /** Absolute. */
  readonly path: string
  readonly identity: Readonly<Record<string, string>>
}

export interface CatalogOptions {
  readonly config: Config
  /** What paths in the config are relative to. */
  readonly folder: string
  readonly data: string
  readonly environment: NodeJS.ProcessEnv
  readonly store: Store
  /** The run that pays. */
  readonly run: string
  /** SHA-256 of the recorded files, by their path in the config. */
  readonly inputs: Readonly<Record<string, string>>
}

export interface Catalog {
  readonly prices: PriceTable
  /** @throws MODEL_UNKNOWN, MODEL_KEY_MISSING, DATA_* of a recorded file, STUDENT_*. */
  open(name: string): Promise<OpenedModel>
  /** Finds an open model by path, URL or repository. @throws MODEL_UNKNOWN, MODEL_FILE_INVALID, MODEL_UNSUPPORTED. */
  base(name: string): Promise<OpenBase>
  /** Vectors of texts, by the model of a provider. @throws as a provider's model does. */
  embed(model: string, texts: readonly string[], signal?: AbortSignal): ReturnType<Embedder['embed']>
  /** By the run so far, in US dollars. */
  spentUsd(): number
  close(): Promise<void>
}

const recordedPrefix = 'recorded/'
/** An open model as it is, untuned. */
export const localPrefix = 'lm/'

/** The recorded model's file, relative to the config; undefined for other models. */
export function recordedFile(name: string): string | undefined {
  return name.startsWith(recordedPrefix) ? `${name}.jsonl` : undefined
}

export async function createCatalog(options: CatalogOptions): Promise<Catalog> {
  const { config, environment, store, run, data, folder } = options
  const prices = loadPriceTable(config.prices)
  const budget = createBudget(config.budget?.usd ?? null, await store.spentUsd(run))
  const sources = { declared: config.providers, env: environment }
  const connections = createConnections(sources)
  const embedder = createEmbedder({ connections, store, budget, prices })
  const opened = new Map<string, Promise<OpenedModel>>()

  async function openRecorded(name: string, file: string): Promise<OpenedModel> {
    const model = await openRecordedModel({
      name: name.slice(recordedPrefix.length),
      file: resolvePath(folder, file),
      prices,
    })
    return {
      model,
      identity: { model: name, answers: options.inputs[file] ?? '' },
      priceBasis: basisOf(model),
    }
  }

  async function openNamedStudent(student: string): Promise<OpenedModel> {
    const { model, manifest } = await openStudent(student)
    return {
      model,
      identity: { student: manifest.training.hash, model: model.id },
      priceBasis: processorBasis(config),
    }
  }

  async function base(name: string): Promise<OpenBase> {
    const { resolveBase } = await import('./students/lm/pull/resolve-base.ts')
    const { openBaseModel } = await import('./students/lm/weights/base-model.ts')
    const path = await resolveBase(name, environment, folder)
    const model = await openBaseModel(path)
    await model.close()
    return { path, identity: { base: model.name, weights: model.sha256 } }
  }

  async function openUntuned(name: string): Promise<OpenedModel> {
    const { openUntunedModel } = await import('./students/lm/student.ts')
    const { path, identity } = await base(name)
    const weights = config.student.weights ?? 'int8'
    const model = openUntunedModel(path, { id: `${localPrefix}${identity.base}`, weights })
    return { model, identity: { ...identity, held: weights }, priceBasis: processorBasis(config) }
  }

  async function resolve(name: string): Promise<OpenedModel> {
    const file = recordedFile(name)
    if (file !== undefined) return openRecorded(name, file)
    if (name.startsWith(localPrefix)) return openUntuned(name.slice(localPrefix.length))
    const student = await findStudent(data, name, folder)
    if (student !== null) return openNamedStudent(student)
    const model = openProviderModel({ model: name, connections, store, run, budget, prices })
    return {
      model,
      identity: { model: name, endpoint: resolveProvider(name, sources).provider.baseUrl },
      priceBasis: basisOf(model),
    }
  }

  return {
    prices,
    open(name) {
      const known = opened.get(name) ?? resolve(name)
      opened.set(name, known)
      return known
    },
    base,
    embed: (model, texts, signal) => embedder.embed(model, texts, run, signal),
    spentUsd: () => budget.spentUsd(),
    async close() {
      for (const model of opened.values()) await model.then(async (known) => known.model.close?.(), ignore)
      await embedder.close()
      await connections.close()
    },
  }
}

/** A model that could not be opened has nothing to close; whoever opened it knows why. */
function ignore(): void {}

export function processorBasis({ machine }: Pick<Config, 'machine'>): string {
  return `processor time at $${machine.usdPerCoreHour} a core-hour`
}

function basisOf(model: ChatModel): string {
  return model.priceBasis ?? 'price unknown'
}
