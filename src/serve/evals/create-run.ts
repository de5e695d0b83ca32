/** Checks what a client wants to be a run: that its data are there and fit, and that all its models can be asked. */
import { z } from 'zod'
import { PotstillError } from '../../core/errors.ts'
import { pythonRefusal } from '../../steps/evaluate/graders/criteria/python.ts'
import {
  messageText,
  samplingParams,
  templateMessage,
  type Criterion,
} from '../../steps/evaluate/graders/criterion.ts'
import { isTemplatePath, templatePaths } from '../../steps/evaluate/graders/template.ts'
import { apiError } from '../api-error.ts'
import type { ServeDeps } from '../deps.ts'
import { metadataSchema } from '../metadata.ts'
import { collectItems } from './collect-items.ts'
import type { RunItem } from './run-items.ts'
import { criteriaOf, type EvalView, type StoredRun } from './stored-eval.ts'

const jsonObject = z.record(z.string(), z.json())

const fileContent = z.object({
  type: z.literal('file_content'),
  content: z.array(z.object({ item: jsonObject, sample: jsonObject.optional() })).min(1),
})
const fileId = z.object({ type: z.literal('file_id'), id: z.string().min(1) })
const unixTime = z.number().min(0).nullish()
const storedCompletions = z.object({
  type: z.literal('stored_completions'),
  model: z.string().nullish(),
  metadata: metadataSchema.nullish(),
  created_after: unixTime,
  created_before: unixTime,
  limit: z.int().positive().nullish(),
})

const runSampling = samplingParams.extend({
  response_format: jsonObject.nullish(),
  tools: z.array(jsonObject).nullish(),
})

const inputMessages = z.discriminatedUnion('type', [
  z.object({ type: z.literal('template'), template: z.array(templateMessage).min(1) }),
  z.object({ type: z.literal('item_reference'), item_reference: z.string().min(1) }),
])

const dataSource = z.discriminatedUnion('type', [
  z.object({ type: z.literal('jsonl'), source: z.discriminatedUnion('type', [fileContent, fileId]) }),
  z.object({
    type: z.literal('completions'),
    source: z.discriminatedUnion('type', [fileContent, fileId, storedCompletions]),
    model: z.string().min(1).nullish(),
    input_messages: inputMessages.nullish(),
    sampling_params: runSampling.nullish(),
  }),
])

export const createRunSchema = z.object({
  name: z.string().max(256).optional(),
  metadata: metadataSchema.nullish(),
  data_source: z.looseObject({ type: z.string() }),
})

export type DataSource = z.output<typeof dataSource>
export type CompletionsSource = Extract<DataSource, { type: 'completions' }>

/** What is kept of a run, and its rows as they are now. @throws a 400 or 404 that names the field. */
export async function createRun(
  deps: ServeDeps,
  of: EvalView,
  given: z.output<typeof createRunSchema>,
): Promise<{ readonly run: StoredRun; readonly items: readonly RunItem[] }> {
  const source = readDataSource(given.data_source)
  const createdAtMs = deps.now()
  await checkModels(deps, of, source)
  const items = await collectItems(deps, of, source, createdAtMs)
  const id = `evalrun_${deps.newId()}`
  const run: StoredRun = {
    id,
    object: 'eval.run',
    eval_id: of.id,
    created_at: Math.floor(createdAtMs / 1000),
    name: given.name ?? id,
    metadata: given.metadata ?? null,
    status: 'queued',
    model: source.type === 'completions' ? (source.model ?? null) : null,
    data_source: source as unknown as StoredRun['data_source'],
    error: null,
    result_counts: { total: items.length, passed: 0, failed: 0, errored: 0 },
    per_model_usage: [],
    per_testing_criteria_results: [],
  }
  return { run, items }
}

/** The data source of a kept run. */
export function dataSourceOf({ data_source: source }: StoredRun): DataSource {
  return source as unknown as DataSource
}

function readDataSource(given: { readonly type: string }): DataSource {
  if (given.type === 'responses') {
    throw apiError(400, 'data_source.type: responses are not read here yet; use completions or jsonl.', {
      param: 'data_source.type',
      code: 'unsupported_data_source',
    })
  }
  const parsed = dataSource.safeParse(given)
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues
    const param = ['data_source', ...path.map(String)].join('.')
    throw apiError(400, `${param}: ${message}`, { param })
  }
  checkInputMessages(parsed.data)
  return parsed.data
}

function checkInputMessages(source: DataSource): void {
  if (source.type !== 'completions') return
  const { model, input_messages: input } = source
  const param = 'data_source.input_messages'
  if (typeof model === 'string' && !input && source.source.type !== 'stored_completions') {
    throw apiError(400, `${param}: a model is asked, and nothing says what`, { param })
  }
  const paths =
    input?.type === 'template'
      ? input.template.flatMap((message) => templatePaths(messageText(message)))
      : input?.type === 'item_reference'
        ? [input.item_reference]
        : []
  const wrong = paths.find((path) => !isTemplatePath(path) || path.startsWith('sample'))
  if (wrong !== undefined) {
    throw apiError(400, `${param}: ${JSON.stringify(wrong)} is no field of item`, {
      param,
      code: 'invalid_template',
    })
  }
}

/** Nothing is begun that would end in the same error for every row. */
async function checkModels(deps: ServeDeps, of: EvalView, source: DataSource): Promise<void> {
  if (source.type === 'completions' && typeof source.model === 'string') {
    await checkModel(deps, source.model, 'data_source.model')
  }
  await checkGraderModels(deps, criteriaOf(of))
}

/** @throws a 400 for a judge that cannot be asked, or Python where it may not run. */
export async function checkGraderModels(deps: ServeDeps, criteria: readonly Criterion[]): Promise<void> {
  for (const [index, criterion] of criteria.entries()) {
    const param = `testing_criteria[${index}]`
    if (criterion.type === 'label_model' || criterion.type === 'score_model') {
      await checkModel(deps, criterion.model, `${param}.model`)
    }
    if (criterion.type === 'python' && !deps.settings.allowPythonGraders) {
      throw apiError(400, `${param}: ${pythonRefusal}.`, { param, code: 'python_graders_not_allowed' })
    }
  }
}

async function checkModel({ models }: ServeDeps, name: string, param: string): Promise<void> {
  try {
    await models.resolve(name)
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error
    const code = error.code === 'MODEL_UNKNOWN' ? 'model_not_found' : error.code.toLowerCase()
    throw apiError(400, `${param}: ${error.message}. ${error.hint}`, { param, code, cause: error })
  }
}

export type RunSampling = z.output<typeof runSampling>
