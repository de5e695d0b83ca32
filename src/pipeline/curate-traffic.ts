/** From captured traffic to training examples: read, freed of duplicates and bad answers, its task read off it. */
import { drain } from '../core/event.ts'
import { outputFields } from '../core/output-fields.ts'
import type { CaptureFilter, CaptureStore } from '../core/store.ts'
import type { Task } from '../core/task.ts'
import type { Example } from '../core/row.ts'
import { curate } from '../steps/curate/curate.ts'
import { readCapturedRows } from './captured-traffic.ts'

export interface CuratedTraffic {
  readonly task: Task
  readonly examples: readonly Example[]
  /** Who gave most of the answers. */
  readonly answeredBy: string
  /** Number of requests that are not among the examples, by the reason in words. */
  readonly leftOut: ReadonlyMap<string, number>
}

/** Takes the newest `limit` rows. @throws DATA_EMPTY where nothing is left to learn from; STORE_UNAVAILABLE. */
export async function curateTraffic(
  store: CaptureStore,
  filter: CaptureFilter,
  { name, limit }: { readonly name: string; readonly limit: number },
): Promise<CuratedTraffic> {
  const { rows, replies, output, prompt, leftOut, answeredBy } = await readCapturedRows(store, filter, {
    limit,
  })
  const task: Task = { name, input: 'input', prompt, output, fields: outputFields(output) }
  const candidates = rows.flatMap((row) => {
    const reply = replies.get(row.key)
    return reply === undefined ? [] : [{ row, reply }]
  })
  const { kept, summary } = await drain(curate(candidates, { task, evaluation: [] }), () => {})
  const removed = summary.removed.map((part) => [part.meaning, part.rows] as const)
  return { task, examples: kept, answeredBy, leftOut: new Map([...leftOut, ...removed]) }
}
