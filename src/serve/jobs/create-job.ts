/** A request for a fine-tuning job, checked, to a job whose files lie in its folder. */
import { constants } from 'node:fs'
import { copyFile, link, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { PotstillError } from '../../core/errors.ts'
import type { StudentKind } from '../../core/student.ts'
import type { TaskOutput } from '../../core/task.ts'
import { resolveBase } from '../../students/lm/pull/resolve-base.ts'
import { apiError } from '../api-error.ts'
import type { ServeDeps } from '../deps.ts'
import { filePath, findFile, type StoredFile } from '../files/file-store.ts'
import { metadataSchema } from '../metadata.ts'
import { jobFolder } from './job-folder.ts'
import { modelNameOf, type JobView, type StoredJob } from './stored-job.ts'

const numberOrAuto = (number: z.ZodNumber) => z.union([z.literal('auto'), number])

const hyperparameters = z.object({
  n_epochs: numberOrAuto(z.int().min(1).max(50)).optional(),
  batch_size: numberOrAuto(z.int().min(1).max(256)).nullish(),
  learning_rate_multiplier: numberOrAuto(z.number().positive().max(1000)).optional(),
})

export const createJobSchema = z.object({
  model: z.string('names a kind of student: micro, or lm:<base>').min(1).max(1000),
  training_file: z.string('the id of an uploaded file').min(1),
  validation_file: z.string().min(1).nullish(),
  suffix: z.string().min(1).max(64).nullish(),
  seed: z.int().min(0).max(2_147_483_647).nullish(),
  hyperparameters: hyperparameters.nullish(),
  method: z
    .object({
      type: z.enum(['supervised', 'dpo', 'reinforcement']),
      supervised: z.object({ hyperparameters: hyperparameters.nullish() }).nullish(),
    })
    .nullish(),
  integrations: z.array(z.unknown()).nullish(),
  metadata: metadataSchema.nullish(),
})

export type CreateJobRequest = z.output<typeof createJobSchema>

/** What a distillation knows beyond what a client can say. */
export interface JobOrigin {
  readonly origin: StoredJob['origin']
  readonly output: TaskOutput | null
  readonly alias: string | null
}

const byClient: JobOrigin = { origin: 'labelled', output: null, alias: null }

/** @throws a 400 that names the parameter. */
export async function createJob(
  deps: ServeDeps,
  request: CreateJobRequest,
  from: JobOrigin = byClient,
): Promise<StoredJob> {
  refuseUnsupported(request)
  const student = await studentOf(deps, request.model)
  const training = await trainingFile(deps, request.training_file, 'training_file')
  const validation =
    typeof request.validation_file === 'string'
      ? await trainingFile(deps, request.validation_file, 'validation_file')
      : null
  const id = `ftjob-${deps.newId()}`
  const suffix = (request.suffix ?? '').replaceAll(/[^A-Za-z0-9._-]+/gu, '-')
  const folder = jobFolder(deps, id)
  await mkdir(folder, { recursive: true })
  await takeCopy(deps, training, join(folder, `training${training.extension}`))
  if (validation !== null) {
    await takeCopy(deps, validation, join(folder, `validation${validation.extension}`))
  }
  return {
    view: viewOf(deps, id, request),
    ...student,
    modelName: modelNameOf(student.base ?? student.kind, suffix, id.slice(-8)),
    trainingExtension: training.extension,
    validationExtension: validation?.extension ?? null,
    runConfig: null,
    ...from,
  }
}

function viewOf({ now }: ServeDeps, id: string, request: CreateJobRequest): JobView {
  const given = { ...request.hyperparameters, ...request.method?.supervised?.hyperparameters }
  const chosen = {
    n_epochs: given.n_epochs ?? 'auto',
    batch_size: given.batch_size ?? 'auto',
    learning_rate_multiplier: given.learning_rate_multiplier ?? 'auto',
  } as const
  return {
    id,
    object: 'fine_tuning.job',
    created_at: Math.floor(now() / 1000),
    model: request.model,
    status: 'queued',
    fine_tuned_model: null,
    organization_id: 'potstill',
    training_file: request.training_file,
    validation_file: request.validation_file ?? null,
    hyperparameters: chosen,
    method: { type: 'supervised', supervised: { hyperparameters: chosen } },
    seed: request.seed ?? 1,
    result_files: [],
    trained_tokens: null,
    finished_at: null,
    estimated_finish: null,
    error: null,
    integrations: [],
    metadata: request.metadata ?? null,
  }
}

function refuseUnsupported({ method, integrations }: CreateJobRequest): void {
  if (method !== null && method !== undefined && method.type !== 'supervised') {
    throw apiError(400, `The method ${method.type} is not there yet: supervised is.`, {
      param: 'method.type',
      code: 'unsupported_method',
    })
  }
  if ((integrations ?? []).length > 0) {
    throw apiError(400, 'There are no integrations here: events and the result file have the metrics.', {
      param: 'integrations',
      code: 'unsupported_integration',
    })
  }
}

interface ChosenStudent {
  readonly kind: StudentKind
  readonly base: string | null
}

const languageModel = 'lm:'

/** "micro", "lm:<base>", or a base model that is on this machine, by path or name. */
async function studentOf({ environment }: ServeDeps, model: string): Promise<ChosenStudent> {
  if (model === 'micro') return { kind: 'micro', base: null }
  const name = model.startsWith(languageModel) ? model.slice(languageModel.length) : model
  try {
    return { kind: 'lm', base: await resolveBase(name, environment, process.cwd()) }
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error
    const known = 'Here model names a kind of student: micro, or lm:<base> for an open model on this machine'
    throw apiError(400, `${known}; ${error.message}. ${error.hint}`, {
      param: 'model',
      code: 'model_not_available',
    })
  }
}

async function trainingFile(deps: ServeDeps, id: string, param: string): Promise<StoredFile> {
  const file = await findFile(deps, id)
  if (file === null) throw apiError(400, `There is no file ${id}.`, { param, code: 'file_not_found' })
  if (file.view.purpose === 'fine-tune') return file
  throw apiError(400, `The file ${id} has the purpose ${file.view.purpose}; fine-tune is needed.`, {
    param,
    code: 'invalid_file_purpose',
  })
}

/** The job has its rows, whatever becomes of the file; a link costs no space where the disk can make one. */
async function takeCopy(deps: ServeDeps, file: StoredFile, target: string): Promise<void> {
  const source = filePath(deps, file)
  await link(source, target).catch(() => copyFile(source, target, constants.COPYFILE_FICLONE))
  await stat(target)
}
