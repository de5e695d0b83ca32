/** From captured traffic to a fine-tuning job: a filter becomes a training file, and the file a job. */
import { z } from 'zod'
import { PotstillError } from '../../core/errors.ts'
import type { CaptureFilter } from '../../core/store.ts'
import { chatLines } from '../../data/write-training.ts'
import { curateTraffic, type CuratedTraffic } from '../../pipeline/curate-traffic.ts'
import { aliasPattern } from '../aliases.ts'
import { toApiError } from '../api-error.ts'
import type { ServeDeps } from '../deps.ts'
import { produceFile, removeFile } from '../files/file-store.ts'
import { metadataSchema } from '../metadata.ts'
import { createJob, createJobSchema } from './create-job.ts'
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

const filterSchema = z.strictObject({
  /** What the client asked for: an alias, a model. */
  model: z.string().min(1).optional(),
  workload: z.string().min(1).optional(),
  metadata: metadataSchema.optional(),
  since: time.optional(),
  until: time.optional(),
  /** The newest so many rows. */
  limit: z.int().min(1).max(100_000).default(10_000),
})

export const createDistillationSchema = z.strictObject({
  filter: filterSchema.prefault({}),
  /** As `model` of a fine-tuning job: "micro", "lm:<base>". */
  student: z.string().min(1).max(1000).default('micro'),
  /** Offers the model as the next version of this alias. */
  alias: z.string().regex(aliasPattern, 'lower-case letters, digits, ".", "_" and "-", at most 64').nullish(),
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
  const { filter, student, alias = null, ...options } = request
  const { task, examples, leftOut } = await selectTraffic(deps, request)
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
    return { job, file: file.id, rows: examples.length, leftOut }
  } catch (error) {
    await removeFile(deps, file.id)
    throw error
  }
}

async function selectTraffic(
  deps: ServeDeps,
  { filter, alias }: CreateDistillationRequest,
): Promise<CuratedTraffic> {
  const { limit, model, workload, metadata, since, until } = filter
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
