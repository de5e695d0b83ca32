/** Leads an answer back: who gave it and why, what that student learned from, and what its rows cost. */
import { join } from 'node:path'
import { PotstillError } from '../core/errors.ts'
import type { Example } from '../core/row.ts'
import type { Capture, Store } from '../core/store.ts'
import { readStep } from '../runs/step.ts'
import { listStudents } from '../runs/students.ts'

export interface Trace {
  readonly id: string
  readonly askedFor: string
  readonly answeredBy: string
  readonly why: string | null
  readonly at: string
  readonly workload: string | null
  readonly latencyMs: number
  readonly priceUsd: number | null
  /** null where no student answered, or its run is no longer there. */
  readonly student: TracedStudent | null
  /** The fine-tuning job of a model that one made. */
  readonly job: string | null
}

export interface TracedStudent {
  readonly run: string
  readonly kind: string
  readonly folder: string
  /** Hash over the rows that it learned from. */
  readonly rowsHash: string
  readonly rows: number
  readonly labelled: number
  /** The file with the rows; null where it is no longer there. */
  readonly file: string | null
  readonly paidRows: number
  /** By all its rows together, in US dollars; rows whose price is not known are not in it. */
  readonly rowsUsd: number
  readonly teachers: readonly string[]
}

/** @throws DATA_NOT_FOUND for an id that nothing was kept under. */
export async function traceAnswer(store: Store, data: string, id: string): Promise<Trace> {
  const capture = await store.findCapture(id)
  if (capture === null) {
    throw new PotstillError('DATA_NOT_FOUND', `no reply is kept under ${id}`, {
      hint: 'Replies are kept with `store: true`, or all of them with `potstill serve --capture all`.',
    })
  }
  return {
    id,
    askedFor: capture.model,
    answeredBy: capture.answeredBy,
    why: capture.why ?? null,
    at: new Date(capture.createdAtMs).toISOString(),
    workload: capture.workload,
    latencyMs: capture.latencyMs,
    priceUsd: capture.priceUsd,
    student: await traceStudent(store, data, capture),
    job: await jobOf(store, capture),
  }
}

async function traceStudent(
  store: Store,
  data: string,
  { answeredBy }: Capture,
): Promise<TracedStudent | null> {
  const students = await listStudents(data)
  const found = students.find(({ manifest }) => `student/${manifest.name}@${manifest.version}` === answeredBy)
  if (found === undefined) return null
  const { run, folder, manifest } = found
  const curated = await readStep<{ 'training.jsonl': readonly Example[] }>(join(run.folder, 'curate'))
  const examples = curated?.artifacts['training.jsonl'] ?? []
  const keys = new Set(examples.flatMap(({ callKey }) => callKey ?? []))
  let rowsUsd = 0
  const teachers = new Set<string>()
  for (const key of keys) {
    const call = await store.findCall(key)
    rowsUsd += call?.priceUsd ?? 0
    if (call !== null) teachers.add(call.model)
  }
  return {
    run: run.manifest.id,
    kind: manifest.kind,
    folder,
    rowsHash: manifest.training.hash,
    rows: manifest.training.rows,
    labelled: manifest.training.labelled,
    file: curated === null ? null : join(curated.folder, 'training.jsonl'),
    paidRows: keys.size,
    rowsUsd,
    teachers: [...teachers],
  }
}

async function jobOf(store: Store, { answeredBy }: Capture): Promise<string | null> {
  if (!answeredBy.startsWith('ft:')) return null
  const record = await store.findRecord('model', answeredBy.replace(/:ckpt-step-\d+$/, ''))
  const { job } = (record?.body ?? {}) as { job?: unknown }
  return typeof job === 'string' ? job : null
}
