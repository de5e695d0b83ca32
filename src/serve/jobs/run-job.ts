/** One job's training, from its files to a model that answers: in a process of its own, which may be ended at any moment. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { messageOf, PotstillError } from '../../core/errors.ts'
import type { StepEvent } from '../../core/event.ts'
import type { StoredRecord } from '../../core/store.ts'
import type { FileTraining } from '../../pipeline/train-on-files.ts'
import { openWorker } from '../../students/lm/process/worker.ts'
import { produceFile } from '../files/file-store.ts'
import { messageEvent, openJournal, type JobDeps } from './job-events.ts'
import { clearJobFolder, jobFolder } from './job-folder.ts'
import { withStatus, type ChangeJob, type JobChange, type Running } from './job-change.ts'
import { resultLines } from './result-file.ts'
import { modelRecord, usualLearningRate, type StoredJob } from './stored-job.ts'
import type { JobCalls, JobOutcome } from './training-calls.ts'

const studentPrefix = 'student-'

/** Leaves the job running where the server is shutting down: the next one takes it up. @throws STORE_UNAVAILABLE. */
export async function runJob(
  deps: JobDeps,
  running: Running,
  change: ChangeJob,
  isClosing: () => boolean,
): Promise<void> {
  const { id } = running
  const job = await change(id, (job) => begin(deps, job))
  const student = `${studentPrefix}${deps.newId()}`
  if (job === null) return tidy(deps, id, student)
  try {
    const outcome = await trainAtLast(deps, job, running, student)
    await succeed(deps, job, change, student, outcome)
  } catch (error) {
    // A job that the server's end has stopped stays running: the next server takes it up.
    const next = (job: StoredJob): JobChange | null =>
      job.view.status === 'running' ? failed(deps, job, error) : null
    if (!isClosing()) await change(id, next)
  }
  await tidy(deps, id, student)
}

function begin(deps: JobDeps, job: StoredJob): JobChange | null {
  const { id, status } = job.view
  if (status !== 'running' && status !== 'queued' && status !== 'validating_files') return null
  const text =
    status === 'running' ? 'The server was stopped: the job is taken up again' : 'Fine-tuning job started'
  return { job: withStatus(deps, job, 'running'), records: [messageEvent(deps, id, text)] }
}

/** What has nothing to do with the job: its process was ended from outside, or one that has lost its server still ends. */
const passing: ReadonlySet<string> = new Set(['INTERRUPTED', 'RUN_LOCKED'])
const mostAttempts = 5

/** Tries again, after a longer pause each time, unless the job is stopped meanwhile. */
async function trainAtLast(
  deps: JobDeps,
  job: StoredJob,
  running: Running,
  student: string,
): Promise<JobOutcome> {
  const { id } = job.view
  const { signal } = running.stop
  for (let attempt = 1; ; attempt++) {
    await removeStudents(deps, id)
    try {
      return await train(deps, job, running, student)
    } catch (error) {
      const isPassing = error instanceof PotstillError && passing.has(error.code)
      if (!isPassing || attempt === mostAttempts || signal.aborted) throw error
      await deps.store.putRecord(messageEvent(deps, id, `${error.message} It is tried again.`, 'warn'))
      await wait(attempt * 1000, undefined, { signal })
    }
  }
}

async function train(deps: JobDeps, job: StoredJob, running: Running, student: string): Promise<JobOutcome> {
  const journal = await openJournal(deps, job)
  running.done = () => journal.done()
  const worker = openWorker<JobCalls>({
    module: './training-process',
    from: import.meta.url,
    purpose: 'the process that trains',
  })
  const stop = (): void => void worker.close()
  if (running.stop.signal.aborted) stop()
  else running.stop.signal.addEventListener('abort', stop, { once: true })
  try {
    const onEvent = (event: StepEvent): void => journal.add(event)
    if (job.runConfig === null) return await worker.call('train', trainingOf(deps, job, student), { onEvent })
    return await worker.call('run', { configFile: job.runConfig, data: deps.data }, { onEvent })
  } finally {
    running.stop.signal.removeEventListener('abort', stop)
    await worker.close()
    await journal.settled()
  }
}

function trainingOf(deps: JobDeps, job: StoredJob, student: string): FileTraining {
  const { view, kind, base, origin, output } = job
  const folder = jobFolder(deps, view.id)
  const {
    n_epochs: epochs,
    batch_size: batchSize,
    learning_rate_multiplier: multiplier,
  } = view.hyperparameters
  return {
    kind,
    training: { path: join(folder, `training${job.trainingExtension}`), name: view.training_file },
    ...(job.validationExtension === null
      ? {}
      : {
          validation: {
            path: join(folder, `validation${job.validationExtension}`),
            name: view.validation_file ?? 'validation',
          },
        }),
    ...(output === null ? {} : { output }),
    origin,
    options: {
      name: studentName(job),
      version: 1,
      seed: view.seed,
      folder: join(folder, student),
      checkpoint: join(folder, 'checkpoint'),
      ...(typeof epochs === 'number' ? { epochs } : {}),
      ...(base === null
        ? {}
        : {
            lm: {
              base,
              ...(typeof batchSize === 'number' ? { batchSize } : {}),
              ...(typeof multiplier === 'number' ? { learningRate: usualLearningRate * multiplier } : {}),
            },
          }),
    },
  }
}

/** The suffix, which is the user's word for it; the job's id without one. */
function studentName({ modelName, view }: StoredJob): string {
  const [, , , suffix] = modelName.split(':')
  return suffix === '' ? view.id : suffix
}

/** The model is there, and says so, at one moment: result file, model, alias, events and the job together. */
async function succeed(
  deps: JobDeps,
  { view: { id }, modelName, alias }: StoredJob,
  change: ChangeJob,
  student: string,
  outcome: JobOutcome,
): Promise<void> {
  const created = Math.floor(deps.now() / 1000)
  const files = await resultFiles(deps, outcome)
  const folder = outcome.run === null ? join('jobs', id, student) : relative(deps.data, outcome.run.student)
  const texts = [
    ...(outcome.run === null ? [] : [`${outcome.run.id}: ${outcome.run.verdict}`]),
    `New fine-tuned model created: ${modelName}`,
    'The job has successfully completed',
  ]
  const model = modelRecord({ name: modelName, job: id, folder, created })
  const records = [...files, model, ...texts.map((text) => messageEvent(deps, id, text))]
  const version = {
    model: modelName,
    teacher: null,
    threshold: null,
    origin: outcome.run?.id ?? id,
    created_at: created,
  }
  await change(id, (job) => {
    if (job.view.status !== 'running') return null
    const ended = withStatus(deps, job, 'succeeded')
    const view = {
      ...ended.view,
      fine_tuned_model: modelName,
      result_files: files.map((file) => file.id),
      trained_tokens: outcome.trainedTokens,
    }
    return { job: { ...ended, view }, records, ...(alias === null ? {} : { offer: { alias, version } }) }
  })
}

/** The learning curve first, as OpenAI has it; then the report of a run. */
async function resultFiles(deps: JobDeps, { curves, run }: JobOutcome): Promise<StoredRecord[]> {
  const purpose = 'fine-tune-results'
  const curve = { name: 'step_metrics.csv', extension: '.csv', purpose } as const
  const files = [await produceFile(deps, curve, resultLines(curves))]
  if (run === null) return files
  const report = { name: 'report.md', extension: '.md', purpose } as const
  return [...files, await produceFile(deps, report, [run.report])]
}

function failed(deps: JobDeps, job: StoredJob, error: unknown): JobChange {
  const known = error instanceof PotstillError ? error : null
  const message = known === null ? messageOf(error) : `${known.message} ${known.hint}`
  const isData = known?.code.startsWith('DATA_') === true
  const code = isData ? 'invalid_training_file' : (known?.code.toLowerCase() ?? 'internal_error')
  if (known === null) deps.log('error', `The job ${job.view.id} failed: ${message}`, { job: job.view.id })
  const ended = withStatus(deps, job, 'failed')
  const view = { ...ended.view, error: { code, message, param: isData ? 'training_file' : null } }
  return {
    job: { ...ended, view },
    records: [messageEvent(deps, job.view.id, `The job failed: ${message}`, 'error')],
  }
}

/** What an ended process may have left. */
async function removeStudents(deps: JobDeps, id: string, except?: string): Promise<void> {
  const folder = jobFolder(deps, id)
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) {
    const isStudent = name.startsWith(studentPrefix) || name.startsWith(`.${studentPrefix}`)
    if (isStudent && name !== except) await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** A model keeps its rows; a paused job all but the student; one that came to nothing, nothing. */
async function tidy(deps: JobDeps, id: string, student: string): Promise<void> {
  const record = await deps.store.findRecord('job', id)
  const status = (record?.body as unknown as StoredJob | undefined)?.view.status
  if (status === 'succeeded') await removeStudents(deps, id, student)
  else if (status === 'failed' || status === 'cancelled') await clearJobFolder(deps, id)
  else await removeStudents(deps, id)
}
