/** What answers here, and under which names: aliases, students of runs, fine-tuned models, and providers whose keys are set. */
import type { Model } from 'openai/resources/models'
import type { StoredRecord } from '../core/store.ts'
import { listStudents } from '../runs/students.ts'
import { resolveProvider } from '../models/providers.ts'
import { aliasKind, type Alias } from './aliases.ts'
import { apiError } from './api-error.ts'
import type { ServeDeps } from './deps.ts'
import { clearJobFolder } from './jobs/job-folder.ts'
import { modelKind, type StoredModel } from './jobs/stored-job.ts'

type ModelDeps = Pick<ServeDeps, 'store' | 'data' | 'environment' | 'prices'>

const own = 'potstill'

/** The newest of each kind first, aliases before students before others' models. */
export async function listModels(deps: ModelDeps): Promise<Model[]> {
  const aliases = (await allRecords(deps, aliasKind)).map(aliasOf).map(({ name, versions }) => {
    return model(name, versions[versions.length - 1].created_at, own)
  })
  const tuned = (await allRecords(deps, modelKind)).map(modelOf).map(({ name, created }) => {
    return model(name, created, own)
  })
  const students = (await listStudents(deps.data)).map(({ run, manifest }) => {
    return model(`${manifest.name}@${manifest.version}`, secondsOf(run.manifest.startedAt), own)
  })
  const newestFirst = (models: readonly Model[]): Model[] => [...models].sort((a, b) => b.created - a.created)
  return [...newestFirst(aliases), ...newestFirst([...students, ...tuned]), ...providerModels(deps)]
}

/**
 * Deletes a model that a job has made.
 * @throws a 404 for an unknown one, 403 for what is not ours to delete, 409 while an alias answers with it.
 */
export async function deleteFineTuned(deps: ModelDeps, name: string): Promise<void> {
  const record = await deps.store.findRecord(modelKind, name)
  if (record === null) {
    const isKnown = (await listModels(deps)).some(({ id }) => id === name)
    if (!isKnown) throw unknownModel(name)
    throw apiError(403, `${name} is no fine-tuned model: only these can be deleted here.`, { param: 'model' })
  }
  const users = (await allRecords(deps, aliasKind)).map(aliasOf).filter(({ current, versions }) => {
    return versions.some(({ version, model }) => version === current && model === name)
  })
  if (users.length > 0) {
    const names = users.map((alias) => alias.name).join(', ')
    throw apiError(409, `${name} answers to the alias ${names}: give that another version first.`, {
      param: 'model',
      code: 'model_in_use',
    })
  }
  await deps.store.deleteRecord(modelKind, name)
  // A run's student stays with its run.
  await clearJobFolder(deps, modelOf(record).job)
}

export function unknownModel(name: string): Error {
  return apiError(
    404,
    `The model ${JSON.stringify(name)} does not exist; GET /v1/models lists those that do.`,
    {
      param: 'model',
      code: 'model_not_found',
    },
  )
}

/** Those of the price table: what else a provider has is not known here, and answers all the same. */
function providerModels({ prices, environment }: ModelDeps): Model[] {
  return Object.keys(prices.models).flatMap((name) => {
    try {
      const { provider } = resolveProvider(name, { env: environment })
      return [model(name, 0, provider.name)]
    } catch {
      return [] // Without a key it would not answer.
    }
  })
}

async function allRecords({ store }: ModelDeps, kind: string): Promise<StoredRecord[]> {
  const records: StoredRecord[] = []
  for (;;) {
    const page = await store.listRecords(kind, { limit: 500, order: 'asc', after: records.at(-1)?.id })
    if (page.length === 0) return records
    records.push(...page)
  }
}

const aliasOf = ({ body }: StoredRecord): Alias => body as unknown as Alias
const modelOf = ({ body }: StoredRecord): StoredModel => body as unknown as StoredModel

function model(id: string, created: number, owner: string): Model {
  return { id, object: 'model', created, owned_by: owner }
}

function secondsOf(date: string): number {
  return Math.floor(Date.parse(date) / 1000)
}
