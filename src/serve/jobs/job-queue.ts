/** Fine-tuning jobs, one at a time in the order of their making; what a killed server left is taken up again. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, PotstillError } from '../../core/errors.ts'
import type { StoredRecord } from '../../core/store.ts'
import { lockRun } from '../../runs/run.ts'
import { apiError } from '../api-error.ts'
import { sweepFiles } from '../files/file-store.ts'
import { createChange, withStatus, type ChangeJob, type Running } from './job-change.ts'
import { messageEvent, type JobDeps } from './job-events.ts'
import { clearJobFolder } from './job-folder.ts'
import { runJob } from './run-job.ts'
import { hasEnded, jobKind, jobOf, jobRecord, type StoredJob } from './stored-job.ts'

export interface JobQueue {
  /** Takes up what is unfinished. Where another server has the data folder's jobs, it says so in the log and takes none. */
  start(): Promise<void>
  /** Keeps a job, whose files are in its folder already, and runs it when its turn comes. @throws RUN_LOCKED. */
  add(job: StoredJob): Promise<void>
  /** @throws a 404, or a 400 for a job that has ended or cannot change in that way. */
  cancel(id: string): Promise<StoredJob>
  pause(id: string): Promise<StoredJob>
  resume(id: string): Promise<StoredJob>
  /** When the job under way may be done, as Unix time in seconds; null where nobody knows. */
  estimatedFinish(id: string): number | null
  /** Stops the job under way, which the next server takes up, and lets the jobs go. */
  close(): Promise<void>
}

export function createJobQueue(deps: JobDeps): JobQueue {
  const queue: Queue = {
    deps,
    change: createChange(deps),
    waiting: [],
    running: null,
    working: null,
    closed: false,
    lock: null,
  }
  return {
    start: () => start(queue),
    add: (job) => add(queue, job),
    async cancel(id) {
      const job = await leave(queue, id, 'cancelled')
      if (queue.running?.id !== id) await clearJobFolder(deps, id)
      return job
    },
    pause: (id) => leave(queue, id, 'paused'),
    resume: (id) => resume(queue, id),
    estimatedFinish: (id) => estimatedFinish(queue, id),
    async close() {
      queue.closed = true
      queue.running?.stop.abort()
      await queue.working
      const unlock = await queue.lock?.catch(() => null)
      await unlock?.()
      queue.lock = null
    },
  }
}

interface Queue {
  readonly deps: JobDeps
  readonly change: ChangeJob
  /** Ids, the next first. */
  readonly waiting: string[]
  running: Running | null
  /** Resolves when nothing waits any more. */
  working: Promise<void> | null
  closed: boolean
  lock: Promise<() => Promise<void>> | null
}

async function start(queue: Queue): Promise<void> {
  const { deps, waiting } = queue
  try {
    await takeLock(queue)
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error
    deps.log('warn', `No jobs are run here: ${error.message}`)
    return
  }
  waiting.push(...(await unfinished(deps)))
  kick(queue)
  // Only the server that has the jobs tidies up, so that no two do.
  await sweepFiles(deps)
}

/** Once for this process; a failure is forgotten, for the other server may end. */
async function takeLock(queue: Queue): Promise<void> {
  queue.lock ??= lockJobs(queue.deps)
  try {
    await queue.lock
  } catch (error) {
    queue.lock = null
    throw error
  }
}

async function add(queue: Queue, job: StoredJob): Promise<void> {
  const { deps, waiting } = queue
  await takeLock(queue)
  await deps.store.putRecords([jobRecord(job), ...firstEvents(deps, job)])
  waiting.push(job.view.id)
  kick(queue)
}

function kick(queue: Queue): void {
  if (queue.working !== null || queue.closed) return
  queue.working = work(queue).finally(() => {
    queue.working = null
    if (queue.waiting.length > 0) kick(queue)
  })
}

async function work(queue: Queue): Promise<void> {
  const { deps, change, waiting } = queue
  for (let id = waiting.shift(); id !== undefined && !queue.closed; id = waiting.shift()) {
    queue.running = { id, startedMs: deps.now(), stop: new AbortController(), done: () => null }
    try {
      await runJob(deps, queue.running, change, () => queue.closed)
    } catch (error) {
      // Only where the store is gone; the job stays as it is for the next start.
      deps.log('error', `The job ${id} cannot go on: ${messageOf(error)}`, { job: id })
    }
    queue.running = null
  }
}

/** The job's process ends after its state says why. */
async function leave(queue: Queue, id: string, status: 'cancelled' | 'paused'): Promise<StoredJob> {
  const { deps, change, waiting } = queue
  const job = await change(id, (job) => {
    if (hasEnded(job) || job.view.status === status) throw wrongState(job, status)
    const event = messageEvent(deps, id, `The job was ${status}`)
    return { job: withStatus(deps, job, status), records: [event] }
  })
  if (job === null) throw missing(id)
  const at = waiting.indexOf(id)
  if (at >= 0) waiting.splice(at, 1)
  if (queue.running?.id === id) queue.running.stop.abort()
  return job
}

async function resume(queue: Queue, id: string): Promise<StoredJob> {
  const { deps, change, waiting } = queue
  await takeLock(queue)
  const job = await change(id, (job) => {
    if (job.view.status !== 'paused') throw wrongState(job, 'resumed')
    const event = messageEvent(deps, id, 'The job was resumed, moving it to queued state')
    return { job: withStatus(deps, job, 'queued'), records: [event] }
  })
  if (job === null) throw missing(id)
  waiting.push(id)
  kick(queue)
  return job
}

function estimatedFinish({ deps, running }: Queue, id: string): number | null {
  const share = running?.id === id ? running.done() : null
  if (running === null || share === null || share === 0) return null
  return Math.round((running.startedMs + (deps.now() - running.startedMs) / share) / 1000)
}

/** Files were checked when they came in, so a job is valid from the start. */
function firstEvents(deps: JobDeps, { view, kind }: StoredJob): StoredRecord[] {
  const { id, training_file: file, hyperparameters } = view
  const { batch_size: batchSize, learning_rate_multiplier: multiplier } = hyperparameters
  const texts = [
    `Created fine-tuning job: ${id}`,
    `Validating training file: ${file}`,
    'Files validated, moving job to queued state',
  ]
  const events = texts.map((text) => messageEvent(deps, id, text))
  const isIdle = kind === 'micro' && (typeof batchSize === 'number' || typeof multiplier === 'number')
  if (!isIdle) return events
  const note = 'The micro student chooses its batch size and learning rate itself: both are ignored'
  return [...events, messageEvent(deps, id, note, 'warn')]
}

async function lockJobs({ data }: JobDeps): Promise<() => Promise<void>> {
  const folder = join(data, 'jobs')
  await mkdir(folder, { recursive: true })
  return lockRun(folder)
}

/** Oldest first; what was under way comes before what waits. */
async function unfinished({ store }: JobDeps): Promise<string[]> {
  const found: StoredJob[] = []
  let after: string | undefined
  for (;;) {
    const page = await store.listRecords(jobKind, { limit: 500, order: 'asc', after })
    if (page.length === 0) break
    found.push(...page.map(jobOf).filter((job) => !hasEnded(job) && job.view.status !== 'paused'))
    after = page[page.length - 1].id
  }
  const isRunning = ({ view }: StoredJob): number => Number(view.status === 'running')
  return found.sort((a, b) => isRunning(b) - isRunning(a)).map(({ view }) => view.id)
}

function wrongState({ view }: StoredJob, wanted: string): Error {
  return apiError(400, `The job ${view.id} cannot be ${wanted}: it is ${view.status}.`, {
    code: 'invalid_job_state',
  })
}

function missing(id: string): Error {
  return apiError(404, `There is no fine-tuning job ${id}.`, {
    code: 'not_found',
    param: 'fine_tuning_job_id',
  })
}
