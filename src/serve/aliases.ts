/** Aliases: a name that an application asks for, and which model has answered to it, version by version. */
import type { Json } from '../core/json.ts'
import type { RecordStore, StoredRecord } from '../core/store.ts'

export interface AliasVersion {
  /** From 1. */
  readonly version: number
  /** A student ("support-desk@3" of a run, "ft:…" of a job) or any other model that the server knows; never an alias. */
  readonly model: string
  /** Answers instead where the student's confidence is below `threshold`. */
  readonly teacher: string | null
  /** 0..1; null without a teacher. */
  readonly threshold: number | null
  /** The job or run that made the model; null when a person chose it. */
  readonly origin: string | null
  /** Unix time in seconds. */
  readonly created_at: number
}

/** Record of kind "alias"; its id is the name. */
export interface Alias {
  readonly name: string
  /** The version that answers to the bare name. */
  readonly current: number
  /** Ascending; never empty. */
  readonly versions: readonly AliasVersion[]
}

export const aliasKind = 'alias'
export const aliasPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/

export async function findAlias(records: RecordStore, name: string): Promise<Alias | null> {
  if (!aliasPattern.test(name)) return null
  const record = await records.findRecord(aliasKind, name)
  return record === null ? null : (record.body as unknown as Alias)
}

/** "support-desk" gives its current version, "support-desk@3" that one; null where there is no such alias or version. */
export async function resolveAlias(records: RecordStore, name: string): Promise<AliasVersion | null> {
  const [, base, version] = /^([^@]+)(?:@([1-9]\d{0,8}))?$/.exec(name) ?? []
  const alias = base === undefined ? null : await findAlias(records, base)
  if (alias === null) return null
  const wanted = version === undefined ? alias.current : Number(version)
  return alias.versions.find((entry) => entry.version === wanted) ?? null
}

/** The alias with one version more, which answers from then on; made where there is none. */
export function withNextVersion(
  alias: Alias | null,
  name: string,
  next: Omit<AliasVersion, 'version'>,
): Alias {
  const version = (alias?.versions.at(-1)?.version ?? 0) + 1
  return { name, current: version, versions: [...(alias?.versions ?? []), { version, ...next }] }
}

function aliasRecord(alias: Alias): StoredRecord {
  return {
    kind: aliasKind,
    id: alias.name,
    parent: null,
    createdAtMs: alias.versions[0].created_at * 1000,
    body: alias as unknown as Json,
  }
}

/** Changes of one process wait for each other, for each builds on the one before. */
const turns = new WeakMap<RecordStore, Promise<unknown>>()

/** Puts what `change` makes of the alias, together with further records. Returns the alias. */
export function changeAlias(
  store: RecordStore,
  name: string,
  change: (alias: Alias | null) => Alias,
  further: readonly StoredRecord[] = [],
): Promise<Alias> {
  const turn = (turns.get(store) ?? Promise.resolve()).then(async () => {
    const alias = change(await findAlias(store, name))
    await store.putRecords([...further, aliasRecord(alias)])
    return alias
  })
  turns.set(
    store,
    turn.catch(() => undefined),
  )
  return turn
}
