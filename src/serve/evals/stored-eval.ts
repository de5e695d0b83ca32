/** Evals, their runs and output items as they are kept, and as a client sees them. */
import type { EvalCreateResponse } from 'openai/resources/evals/evals'
import type { OutputItemRetrieveResponse } from 'openai/resources/evals/runs/output-items'
import type { RunCreateResponse } from 'openai/resources/evals/runs/runs'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import type { RecordStore, StoredRecord } from '../../core/store.ts'
import type { Criterion } from '../../steps/evaluate/graders/criterion.ts'

/** OpenAI's, and ours. */
export interface JavaScriptGrader {
  readonly type: 'javascript'
  readonly name: string
  readonly source: string
  readonly pass_threshold?: number
}

export type EvalView = Omit<EvalCreateResponse, 'testing_criteria'> & {
  readonly testing_criteria: readonly (EvalCreateResponse['testing_criteria'][number] | JavaScriptGrader)[]
}

export type RunStatus = 'queued' | 'in_progress' | 'completed' | 'failed' | 'canceled'

/** OpenAI types what a run may be without as if it always had it. */
export type RunView = Omit<
  RunCreateResponse,
  'error' | 'model' | 'per_testing_criteria_results' | 'status'
> & {
  readonly status: RunStatus
  readonly error: RunCreateResponse['error'] | null
  readonly model: string | null
  readonly per_testing_criteria_results: readonly CriterionCounts[]
}

/** Errors are counted apart: they are neither passes nor fails. */
export type CriterionCounts = RunCreateResponse.PerTestingCriteriaResult & { readonly errored: number }

type OpenaiSample = OutputItemRetrieveResponse.Sample
export type SampleView = Omit<
  OpenaiSample,
  'error' | 'max_completion_tokens' | 'seed' | 'temperature' | 'top_p' | 'usage' | 'model'
> & {
  readonly error: OpenaiSample['error'] | null
  readonly model: string | null
  readonly max_completion_tokens: number | null
  readonly seed: number | null
  readonly temperature: number | null
  readonly top_p: number | null
  readonly usage: OpenaiSample['usage'] | null
}

export type OutputItemView = Omit<OutputItemRetrieveResponse, 'sample' | 'status'> & {
  readonly status: 'pass' | 'fail' | 'error'
  readonly sample: SampleView
}

/** An output item with what a run adds up. */
export interface StoredOutputItem {
  readonly view: OutputItemView
  readonly usage: readonly RunCreateResponse.PerModelUsage[]
}

/** A run's `report_url` is put in when it is shown: it depends on where the client found the server. */
export type StoredRun = Omit<RunView, 'report_url'>

export const evalKind = 'eval'
export const runKind = 'eval_run'
export const outputItemKind = 'output_item'

export function evalRecord(view: EvalView): StoredRecord {
  const { id, created_at: createdAt } = view
  return { kind: evalKind, id, parent: null, createdAtMs: createdAt * 1000, body: view as unknown as Json }
}

export function evalOf({ body }: StoredRecord): EvalView {
  return body as unknown as EvalView
}

export function runRecord(run: StoredRun): StoredRecord {
  const { id, eval_id: parent, created_at: createdAt } = run
  return { kind: runKind, id, parent, createdAtMs: createdAt * 1000, body: run as unknown as Json }
}

export function runOf({ body }: StoredRecord): StoredRun {
  return body as unknown as StoredRun
}

export function outputItemRecord(item: StoredOutputItem): StoredRecord {
  const { id, run_id: parent, created_at: createdAt } = item.view
  return { kind: outputItemKind, id, parent, createdAtMs: createdAt * 1000, body: item as unknown as Json }
}

export function outputItemOf({ body }: StoredRecord): StoredOutputItem {
  return body as unknown as StoredOutputItem
}

/** An item has the id of its place, so that a run that is taken up again knows what it has. */
export function outputItemId(run: string, index: number): string {
  return `outputitem_${run.slice('evalrun_'.length)}_${index}`
}

export async function findEval(store: RecordStore, id: string): Promise<EvalView | null> {
  const record = await store.findRecord(evalKind, id)
  return record === null ? null : evalOf(record)
}

export async function findRun(store: RecordStore, evalId: string, id: string): Promise<StoredRun | null> {
  const record = await store.findRecord(runKind, id)
  return record === null || record.parent !== evalId ? null : runOf(record)
}

export function hasEnded({ status }: Pick<StoredRun, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'canceled'
}

export function criteriaOf({ testing_criteria: criteria }: EvalView): readonly Criterion[] {
  return criteria as unknown as readonly Criterion[]
}

/** All records of a kind below a parent, page by page. */
export async function* allRecords(
  store: RecordStore,
  kind: string,
  parent?: string,
): AsyncGenerator<StoredRecord, void> {
  let after: string | undefined
  for (;;) {
    const page = await store.listRecords(kind, { limit: 500, order: 'asc', after }, parent)
    if (page.length === 0) return
    yield* page
    after = page[page.length - 1].id
  }
}

/** The schema of what a run's rows must be, inside an eval's own. */
export function itemSchemaOf({ data_source_config: config }: EvalView): JsonObject | null {
  const schema = config.schema as unknown as JsonObject
  const item = isJsonObject(schema.properties) ? schema.properties.item : undefined
  return config.type === 'custom' && isJsonObject(item) ? item : null
}
