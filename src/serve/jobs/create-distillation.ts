/** From captured traffic to a fine-tuning job: a filter becomes a training file, and the file a job. */
import { z } from 'zod'
import { PotstillError } from '../../core/errors.ts'
import type { CaptureFilter } from '../../core/store.ts'
import { chatLines } from '../../data/write-training.ts'
import { curateTraffic, type CuratedTraffic } from '../../pipeline/curate-traffic.ts'
import { aliasPattern } from '../aliases.ts'
import { apiError, toApiError } from '../api-error.ts'
import type { ServeDeps } from '../deps.ts'
import { produceFile, removeFile } from '../files/file-store.ts'
import { metadataSchema } from '../metadata.ts'
import { createJob, createJobSchema } from './create-job.ts'
import { writeRunConfig, type RunSelection } from './run-config.ts'
import type { StoredJob } from './stored-job.ts'

/** Unix time in seconds, or ISO 8601; milliseconds come out. */
const time = z.union([
  z
    .number()
    .min(0)
    .transform((seconds) => seconds * 1000),
  z
    .string()
    .refine((text) => !Number.isNaN(Date.parse(text)), 'a Unix time in seconds, or a date such as 2026-11-01')
    .transform((text) => Date.parse(text)),
])

const usualRows = 10_000

const filterSchema = z.strictObject({
  /** What the client asked for: an alias, a model. */
  model: z.string().min(1).optional(),
  workload: z.string().min(1).optional(),
  metadata: metadataSchema.optional(),
  since: time.optional(),
  until: time.optional(),
  /** The newest so many rows. */
  limit: z.int().min(1).max(100_000).optional(),
})

export const createDistillationSchema = z.strictObject({
  filter: filterSchema.prefault({}),
  /** As `model` of a fine-tuning job: "micro", "lm:<base>". */
  student: z.string().min(1).max(1000).default('micro'),
  /** Offers the model as the next version of this alias. */
  alias: z.string().regex(aliasPattern, 'lower-case letters, digits, ".", "_" and "-", at most 64').nullish(),
  /** Holds rows out, measures student and teacher on them, and reports: a whole run in place of a training alone. */
  evaluate: z.boolean().default(false),
  ...createJobSchema.pick({ suffix: true, seed: true, hyperparameters: true, metadata: true }).shape,
})

export type CreateDistillationRequest = z.output<typeof createDistillationSchema>

export interface Distillation {
  readonly job: StoredJob
  readonly file: string
  readonly rows: number
  readonly leftOut: ReadonlyMap<string, number>
}

/** The job is not yet in the queue. @throws a 400 where nothing is left to learn from, or the student is not there. */
export async function createDistillation(
  deps: ServeDeps,
  request: CreateDistillationRequest,
): Promise<Distillation> {
  const { filter, student, alias = null, evaluate, ...options } = request
  if (evaluate) refuseForRun(filter)
  const { task, examples, leftOut, answeredBy } = await selectTraffic(deps, request)
  const name = `${filter.workload ?? filter.model ?? 'captured'}.jsonl`.replaceAll(/[^\w.-]+/gu, '-')
  const details = `${examples.length} rows of captured traffic`
  const file = await produceFile(
    deps,
    { name, extension: '.jsonl', purpose: 'fine-tune', details },
    chatLines(task, examples),
  )
  await deps.store.putRecord(file)
  const asked = { ...options, suffix: options.suffix ?? alias, model: student, training_file: file.id }
  try {
    const job = await createJob(deps, asked, { origin: 'teacher', output: task.output, alias })
    const run = evaluate ? await writeRunConfig(deps, job, selectionOf(request, answeredBy)) : null
    return { job: { ...job, runConfig: run }, file: file.id, rows: examples.length, leftOut }
  } catch (error) {
    await removeFile(deps, file.id)
    throw error
  }
}

/** A run takes all that is selected, up to its beginning. */
function refuseForRun({ until, limit }: CreateDistillationRequest['filter']): void {
  const param = until !== undefined ? 'filter.until' : limit !== undefined ? 'filter.limit' : null
  if (param !== null) throw apiError(400, `With evaluate, ${param} cannot be given.`, { param })
}

function selectionOf({ filter, alias }: CreateDistillationRequest, answeredBy: string): RunSelection {
  const { model, workload, metadata, since: sinceMs } = filter
  // As a config's name must be.
  const name = (alias ?? workload ?? model ?? '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/gu, '-')
    .replace(/^[._-]+/u, '')
    .slice(0, 64)
  return { name: name === '' ? 'captured' : name, model, workload, metadata, sinceMs, answeredBy }
}

async function selectTraffic(
  deps: ServeDeps,
  { filter, alias }: CreateDistillationRequest,
): Promise<CuratedTraffic> {
  const { limit = usualRows, model, workload, metadata, since, until } = filter
  const selected: CaptureFilter = {
    ...(model === undefined ? {} : { model }),
    ...(workload === undefined ? {} : { workload }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(since === undefined ? {} : { sinceMs: since }),
    ...(until === undefined ? {} : { untilMs: until }),
  }
  try {
    return await curateTraffic(deps.store, selected, { name: alias ?? workload ?? 'distillation', limit })
  } catch (error) {
    if (error instanceof PotstillError && error.code === 'DATA_EMPTY') throw toApiError(error, 'filter')
    throw error
  }
}
