/** Changes of jobs: one after the other, each kept together with what it says of itself. */
import type { RecordStore, StoredRecord } from '../../core/store.ts'
import { changeAlias, withNextVersion, type Alias, type AliasVersion } from '../aliases.ts'
import type { JobDeps } from './job-events.ts'
import { findJob, hasEnded, jobRecord, type JobStatus, type StoredJob } from './stored-job.ts'

/** The job under way. */
export interface Running {
  readonly id: string
  readonly startedMs: number
  /** Aborted to end its process at once. */
  readonly stop: AbortController
  /** Share of the work, 0..1; null while that is not known. */
  done: () => number | null
}

/** Applies a change to the job as it is at that moment, one change after the other; null from `next` leaves it. */
export type ChangeJob = (id: string, next: JobNext) => Promise<StoredJob | null>

type JobNext = (job: StoredJob) => JobChange | null

export interface JobChange {
  readonly job: StoredJob
  /** Kept together with the job. */
  readonly records?: readonly StoredRecord[]
  /** At the same moment, the alias has a version more; a person decides whether it answers. */
  readonly offer?: Offer
}

export interface Offer {
  readonly alias: string
  readonly version: Omit<AliasVersion, 'version'>
}

/** One change waits for the one before, so that none is built on a state that is no more. */
export function createChange({ store }: JobDeps): ChangeJob {
  let turn: Promise<unknown> = Promise.resolve()
  async function apply(before: Promise<unknown>, id: string, next: JobNext): Promise<StoredJob | null> {
    await before
    const job = await findJob(store, id)
    const change = job === null ? null : next(job)
    if (change === null) return null
    const records = [...(change.records ?? []), jobRecord(change.job)]
    if (change.offer === undefined) await store.putRecords(records)
    else await offer(store, change.offer, records)
    return change.job
  }
  return (id, next) => {
    const changed = apply(turn, id, next)
    turn = changed.catch(() => undefined)
    return changed
  }
}

async function offer(
  store: RecordStore,
  { alias, version }: Offer,
  records: readonly StoredRecord[],
): Promise<void> {
  const add = (known: Alias | null): Alias => {
    const next = withNextVersion(known, alias, version)
    return { ...next, current: known?.current ?? next.current }
  }
  await changeAlias(store, alias, add, records)
}

export function withStatus({ now }: JobDeps, job: StoredJob, status: JobStatus): StoredJob {
  const view = { ...job.view, status }
  const next = { ...job, view }
  return hasEnded(next) ? { ...next, view: { ...view, finished_at: Math.floor(now() / 1000) } } : next
}
