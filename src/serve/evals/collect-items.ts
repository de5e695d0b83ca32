/** Gathers a run's rows from where its data source says: the request itself, a file, or stored completions. */
import { PotstillError } from '../../core/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import { createSchemaValidator, type SchemaValidator } from '../../core/schema-validator.ts'
import type { Capture } from '../../core/store.ts'
import { readRecords } from '../../data/read-records.ts'
import { apiError } from '../api-error.ts'
import type { ServeDeps } from '../deps.ts'
import { filePath, findFile } from '../files/file-store.ts'
import type { DataSource } from './create-run.ts'
import type { RunItem } from './run-items.ts'
import { sampleOfCompletion } from './sample.ts'
import { itemSchemaOf, type EvalView } from './stored-eval.ts'

type StoredSource = Extract<DataSource['source'], { type: 'stored_completions' }>

/** @throws a 400 that names the row which is not as the eval's schema says, a 404 for a file that is not there. */
export async function collectItems(
  deps: ServeDeps,
  of: EvalView,
  { source }: DataSource,
  nowMs: number,
): Promise<readonly RunItem[]> {
  if (source.type === 'stored_completions') return fromStored(deps, of, source, nowMs)
  const schema = itemSchemaOf(of)
  const validate = schema === null ? () => null : createSchemaValidator(schema)
  if (source.type === 'file_id') return fromFile(deps, source.id, validate)
  return source.content.map((row, index) => {
    const fault = validate(row.item)
    if (fault === null) return row
    const param = `data_source.source.content[${index}].item`
    throw apiError(400, `${param}: ${fault}`, { param, code: 'item_invalid' })
  })
}

async function fromFile(deps: ServeDeps, id: string, validate: SchemaValidator): Promise<readonly RunItem[]> {
  const param = 'data_source.source.id'
  const file = await findFile(deps, id)
  if (file === null) throw apiError(404, `There is no file ${id}.`, { param, code: 'not_found' })
  if (file.extension === '') {
    const { purpose } = file.view
    throw apiError(400, `The file ${id} was uploaded with the purpose ${purpose}; use evals.`, { param })
  }
  const items: RunItem[] = []
  const shownAs = file.view.filename
  try {
    for await (const { value, line } of readRecords(filePath(deps, file), { shownAs })) {
      items.push(readLine(value, `${shownAs}:${line}`, validate))
    }
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error
    throw apiError(400, `${error.message}. ${error.hint}`, { param, code: error.code.toLowerCase() })
  }
  return items
}

/** A line without `item` is one. */
function readLine(value: JsonObject, place: string, validate: SchemaValidator): RunItem {
  const item = isJsonObject(value.item) ? value.item : value
  const fault = validate(item)
  if (fault !== null) {
    const param = 'data_source.source.id'
    throw apiError(400, `${place}: ${fault}`, { param, code: 'item_invalid' })
  }
  const sample = item === value ? undefined : value.sample
  return isJsonObject(sample) ? { item, sample } : { item }
}

/** The newest that fit, oldest first. */
async function fromStored(
  { store }: ServeDeps,
  of: EvalView,
  source: StoredSource,
  nowMs: number,
): Promise<readonly RunItem[]> {
  const config = of.data_source_config
  const metadata = { ...(config.type === 'custom' ? {} : config.metadata), ...source.metadata }
  const filter = {
    storedOnly: true,
    ...(typeof source.model === 'string' ? { model: source.model } : {}),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(typeof source.created_after === 'number' ? { sinceMs: source.created_after * 1000 } : {}),
    untilMs: Math.min(
      nowMs + 1,
      typeof source.created_before === 'number' ? source.created_before * 1000 : Infinity,
    ),
  }
  const most = source.limit ?? Infinity
  const found: Capture[] = []
  let after: string | undefined
  while (found.length < most) {
    const page = await store.listCaptures(filter, {
      limit: Math.min(500, most - found.length),
      order: 'desc',
      after,
    })
    if (page.length === 0) break
    found.push(...page)
    after = page[page.length - 1].id
  }
  if (found.length > 0) return found.reverse().map(itemOfCapture)
  const param = 'data_source.source'
  throw apiError(400, `${param}: no stored completion is like this`, { param, code: 'no_data' })
}

function itemOfCapture({ request, response, metadata, model }: Capture): RunItem {
  const asked = JSON.parse(request) as JsonObject
  const input = Array.isArray(asked.messages) ? (asked.messages as readonly Json[]) : []
  const answered: unknown = JSON.parse(response)
  return {
    item: { input, metadata, model },
    sample: sampleOfCompletion(isJsonObject(answered) ? answered : {}, input),
  }
}
