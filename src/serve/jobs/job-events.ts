/** A job's events and checkpoints: what training yields, as OpenAI's clients read it. */
import type { FineTuningJobEvent } from 'openai/resources/fine-tuning/jobs'
import type { FineTuningJobCheckpoint } from 'openai/resources/fine-tuning/jobs/checkpoints'
import type { StepEvent, TrainProgress } from '../../core/event.ts'
import { hashText } from '../../core/hash.ts'
import type { Json } from '../../core/json.ts'
import type { StoredRecord } from '../../core/store.ts'
import type { ServeDeps } from '../deps.ts'
import { checkpointKind, checkpointName, eventKind, type StoredJob } from './stored-job.ts'

export type JobDeps = Pick<ServeDeps, 'store' | 'data' | 'now' | 'newId' | 'log'>

export function messageEvent(
  deps: JobDeps,
  job: string,
  message: string,
  level: FineTuningJobEvent['level'] = 'info',
): StoredRecord {
  const event: FineTuningJobEvent = {
    id: `ftevent-${deps.newId()}`,
    object: 'fine_tuning.job.event',
    created_at: seconds(deps),
    level,
    message,
    type: 'message',
    data: {},
  }
  return record(deps, eventKind, job, event)
}

export interface JobJournal {
  /** Kept in the order in which they come. */
  add(event: StepEvent): void
  /** Resolves once everything added is kept. @throws what keeping it threw. */
  settled(): Promise<void>
  /** Share of the work that is done, 0..1; null while that is not known. */
  done(): number | null
}

/**
 * A line of the curve gets its ids from what it says, so a training that is taken up again, or begun anew with the
 * same seed, replaces what it had said before.
 */
export async function openJournal(deps: JobDeps, job: StoredJob): Promise<JobJournal> {
  const { id } = job.view
  const steps = await knownSteps(deps, id)
  const seen = new Map<string, number>()
  let checkpoint = (await deps.store.listRecords(checkpointKind, { limit: 1, order: 'desc' }, id))[0]?.id
  let kept: Promise<unknown> = Promise.resolve()
  let share: number | null = null

  async function keepLine(line: TrainProgress): Promise<void> {
    const name = `${line.part}/${line.epoch}`
    const occurrence = seen.get(name) ?? 0
    seen.set(name, occurrence + 1)
    const key = hashText(`${id}/${name}/${occurrence}`).slice(0, 24)
    const step = steps.get(`ftevent-${key}`) ?? steps.size + 1
    steps.set(`ftevent-${key}`, step)
    const event = record(deps, eventKind, id, metricsEvent(deps, key, step, line))
    if (!line.best) return deps.store.putRecord(event)
    const next = record(deps, checkpointKind, id, checkpointOf(deps, job, key, step, line))
    await deps.store.putRecords([event, next])
    if (checkpoint !== undefined && checkpoint !== next.id) {
      await deps.store.deleteRecord(checkpointKind, checkpoint)
    }
    checkpoint = next.id
  }

  async function keep(event: StepEvent): Promise<void> {
    if (event.type === 'train') await keepLine(event)
    if (event.type === 'step' && event.state === 'finished') {
      const text = event.detail === undefined ? event.title : `${event.title}: ${event.detail}`
      return deps.store.putRecord(messageEvent(deps, id, text))
    }
    if (event.type !== 'message') return
    const level = event.level === 'warning' ? 'warn' : 'info'
    await deps.store.putRecord(messageEvent(deps, id, event.text, level))
  }

  return {
    add(event) {
      if (event.type === 'progress' && event.step === 'train' && event.total > 0)
        share = event.done / event.total
      kept = kept.then(() => keep(event))
      // Thrown to who waits for it; until then it is nobody's.
      kept.catch(() => {})
    },
    settled: async () => void (await kept),
    done: () => share,
  }
}

/** Which steps a former training of the job has told of, by the event's id. */
async function knownSteps({ store }: JobDeps, job: string): Promise<Map<string, number>> {
  const steps = new Map<string, number>()
  let after: string | undefined
  for (;;) {
    const found = await store.listRecords(eventKind, { limit: 500, order: 'asc', after }, job)
    if (found.length === 0) return steps
    after = found[found.length - 1].id
    for (const { id, body } of found) {
      const { type, data } = body as unknown as FineTuningJobEvent
      if (type === 'metrics') steps.set(id, (data as { step: number }).step)
    }
  }
}

function metricsEvent(deps: JobDeps, key: string, step: number, line: TrainProgress): FineTuningJobEvent {
  const { part, epoch, epochs, validationLoss } = line
  const losses = [
    `training loss=${line.trainLoss.toFixed(4)}`,
    ...(validationLoss === null ? [] : [`validation loss=${validationLoss.toFixed(4)}`]),
  ]
  return {
    id: `ftevent-${key}`,
    object: 'fine_tuning.job.event',
    created_at: seconds(deps),
    level: 'info',
    message: `Step ${step} (${part}, epoch ${epoch}/${epochs}): ${losses.join(', ')}`,
    type: 'metrics',
    data: { ...metricsOf(step, line), part, epoch, epochs },
  }
}

/** Losses and accuracies are over all held-out rows; what was not measured is absent. */
function metricsOf(step: number, line: TrainProgress): FineTuningJobCheckpoint.Metrics {
  const { trainLoss, validationLoss: loss, validationAccuracy: accuracy } = line
  return {
    step,
    train_loss: trainLoss,
    ...(loss === null ? {} : { valid_loss: loss, full_valid_loss: loss }),
    ...(accuracy === null
      ? {}
      : { valid_mean_token_accuracy: accuracy, full_valid_mean_token_accuracy: accuracy }),
  }
}

function checkpointOf(
  deps: JobDeps,
  { view, modelName }: StoredJob,
  key: string,
  step: number,
  line: TrainProgress,
): FineTuningJobCheckpoint {
  return {
    id: `ftckpt_${key}`,
    object: 'fine_tuning.job.checkpoint',
    created_at: seconds(deps),
    fine_tuned_model_checkpoint: checkpointName(modelName, step),
    fine_tuning_job_id: view.id,
    metrics: metricsOf(step, line),
    step_number: step,
  }
}

function record(
  { now }: JobDeps,
  kind: string,
  parent: string,
  body: FineTuningJobEvent | FineTuningJobCheckpoint,
): StoredRecord {
  return { kind, id: body.id, parent, createdAtMs: now(), body: body as unknown as Json }
}

function seconds({ now }: JobDeps): number {
  return Math.floor(now() / 1000)
}
