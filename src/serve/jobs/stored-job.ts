/** Fine-tuning jobs as they are kept: what a client sees of one, and what only the server needs. */
import type { FineTuningJob } from 'openai/resources/fine-tuning/jobs'
import type { Json } from '../../core/json.ts'
import type { RecordStore, StoredRecord } from '../../core/store.ts'
import type { StudentKind } from '../../core/student.ts'
import type { TaskOutput } from '../../core/task.ts'

/** OpenAI has paused jobs, and leaves the word out of its list. */
export type JobStatus = FineTuningJob['status'] | 'paused'
export type JobView = Omit<FineTuningJob, 'status'> & { readonly status: JobStatus }

export interface StoredJob {
  readonly view: JobView
  readonly kind: StudentKind
  /** Path of the open model that is adapted; null for students that start from nothing. */
  readonly base: string | null
  /** The name that the model will answer to. */
  readonly modelName: string
  /** Format of the copies of the files that lie in the job's folder. */
  readonly trainingExtension: string
  readonly validationExtension: string | null
  /** Whose answers it learns from. */
  readonly origin: 'labelled' | 'teacher'
  /** The shape that the answers were held to, where that is known. */
  readonly output: TaskOutput | null
  /** The config of a whole run with evaluation, in place of a training on the file alone; null without. */
  readonly runConfig: string | null
  /** The alias whose next version the model becomes. */
  readonly alias: string | null
}

/** A model that a job has made; its record's id is the name that it answers to. */
export interface StoredModel {
  readonly name: string
  readonly job: string
  /** Of the student, relative to the data folder. */
  readonly folder: string
  /** Unix time in seconds. */
  readonly created: number
}

/** What the lm trainer takes when it is not told: a multiplier is of this. */
export const usualLearningRate = 1e-3

export const jobKind = 'job'
export const eventKind = 'job_event'
export const checkpointKind = 'checkpoint'
export const modelKind = 'model'

const ended: ReadonlySet<JobStatus> = new Set(['succeeded', 'failed', 'cancelled'])

export function hasEnded({ view }: StoredJob): boolean {
  return ended.has(view.status)
}

export async function findJob(store: RecordStore, id: string): Promise<StoredJob | null> {
  const record = await store.findRecord(jobKind, id)
  return record === null ? null : jobOf(record)
}

export function jobOf({ body }: StoredRecord): StoredJob {
  return body as unknown as StoredJob
}

export function jobRecord(job: StoredJob): StoredRecord {
  const { id, created_at: createdAt } = job.view
  return {
    kind: jobKind,
    id,
    parent: null,
    createdAtMs: createdAt * 1000,
    body: job as unknown as Json,
  }
}

export function modelRecord(model: StoredModel): StoredRecord {
  const { name, created } = model
  return {
    kind: modelKind,
    id: name,
    parent: null,
    createdAtMs: created * 1000,
    body: model as unknown as Json,
  }
}

/** "ft:micro:potstill:support:AbCdEf12"; the suffix may be empty. */
export function modelNameOf(base: string, suffix: string, id: string): string {
  const short = (base.split(/[/\\]/u).at(-1) ?? base).replace(/\.(?:gguf|safetensors)$/iu, '')
  return `ft:${short.replaceAll(/[^A-Za-z0-9._-]/gu, '-')}:potstill:${suffix}:${id}`
}

export function checkpointName(modelName: string, step: number): string {
  return `${modelName}:ckpt-step-${step}`
}

/** The model that a checkpoint's name begins with; the name itself for others. */
export function withoutCheckpoint(name: string): string {
  return name.replace(/:ckpt-step-\d+$/u, '')
}
