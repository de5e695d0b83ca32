/** Checks what a client wants to be an eval, and makes it one. */
import { z } from 'zod'
import { checkSchema } from '../../core/schema-validator.ts'
import { PotstillError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { criterionSchema, templatesOf, type Criterion } from '../../steps/evaluate/graders/criterion.ts'
import { checkJavaScript } from '../../steps/evaluate/graders/sandbox/javascript-sandbox.ts'
import { checkPython } from '../../steps/evaluate/graders/sandbox/python-sandbox.ts'
import { isTemplatePath, templatePaths } from '../../steps/evaluate/graders/template.ts'
import { apiError } from '../api-error.ts'
import type { ServeDeps } from '../deps.ts'
import { metadataSchema } from '../metadata.ts'
import type { EvalView } from './stored-eval.ts'

const jsonObject = z.record(z.string(), z.json())

const dataSourceConfig = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('custom'),
    item_schema: jsonObject,
    include_sample_schema: z.boolean().default(false),
  }),
  z.object({ type: z.literal('logs'), metadata: metadataSchema.nullish() }),
  z.object({ type: z.literal('stored_completions'), metadata: metadataSchema.nullish() }),
])

export const createEvalSchema = z.object({
  name: z.string().max(256).optional(),
  metadata: metadataSchema.nullish(),
  data_source_config: dataSourceConfig,
  testing_criteria: z.array(criterionSchema).min(1).max(50),
})

export const updateEvalSchema = z.object({
  name: z.string().max(256).optional(),
  metadata: metadataSchema.nullish(),
})

/** @throws a 400 that names the field. */
export async function createEval(
  { newId, now }: ServeDeps,
  given: z.output<typeof createEvalSchema>,
): Promise<EvalView> {
  const { data_source_config: config, testing_criteria: criteria } = given
  if (config.type === 'custom') {
    checkItemSchema(config.item_schema)
  }
  for (const [index, criterion] of criteria.entries()) {
    await checkCriterion(criterion, `testing_criteria[${index}]`)
  }
  refuseSameNames(criteria)
  const id = `eval_${newId()}`
  return {
    id,
    object: 'eval',
    created_at: Math.floor(now() / 1000),
    name: given.name ?? id,
    metadata: given.metadata ?? null,
    data_source_config:
      config.type === 'custom'
        ? { type: 'custom', schema: customSchema(config.item_schema, config.include_sample_schema) }
        : { type: config.type, metadata: config.metadata ?? null, schema: loggedSchema },
    testing_criteria: criteria.map(withDefaults) as unknown as EvalView['testing_criteria'],
  }
}

/** @throws a 400 for a source that is no grader, or a template that can never be filled. */
export async function checkCriterion(criterion: Criterion, param: string): Promise<void> {
  const wrong = templatesOf(criterion)
    .flatMap(templatePaths)
    .find((path) => !isTemplatePath(path))
  if (wrong !== undefined) {
    const message = `{{${wrong}}} names neither a field of item nor of sample.`
    throw apiError(400, `${param}: ${message}`, { param, code: 'invalid_template' })
  }
  const fault =
    criterion.type === 'javascript'
      ? await checkJavaScript(criterion.source)
      : criterion.type === 'python'
        ? checkPython(criterion.source)
        : null
  if (fault !== null) {
    throw apiError(400, `${param}.source: ${fault}`, { param: `${param}.source`, code: 'invalid_grader' })
  }
}

function checkItemSchema(schema: JsonObject): void {
  try {
    checkSchema(schema)
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error
    const param = 'data_source_config.item_schema'
    throw apiError(400, `${param}: ${error.message}`, { param, code: 'invalid_schema' })
  }
}

/** Results are found by the grader's name. */
function refuseSameNames(criteria: readonly Criterion[]): void {
  const names = criteria.map(({ name }) => name)
  const index = names.findIndex((name, place) => names.indexOf(name) < place)
  if (index < 0) return
  const param = `testing_criteria[${index}].name`
  throw apiError(400, `${param}: another grader is named ${JSON.stringify(names[index])}`, { param })
}

/** What OpenAI's clients expect to be there. */
function withDefaults(criterion: Criterion): Criterion {
  return criterion.type === 'text_similarity' && criterion.pass_threshold === undefined
    ? { ...criterion, pass_threshold: 0.5 }
    : criterion
}

const sampleSchema: JsonObject = {
  type: 'object',
  properties: {
    model: { type: 'string' },
    output_text: { type: 'string' },
    output_json: {},
    output_tools: { type: 'array', items: { type: 'object' } },
    choices: { type: 'array', items: { type: 'object' } },
    input: { type: 'array', items: { type: 'object' } },
    finish_reason: { type: 'string' },
  },
  required: ['output_text'],
}

function customSchema(item: JsonObject, withSample: boolean): JsonObject {
  return {
    type: 'object',
    properties: { item, ...(withSample ? { sample: sampleSchema } : {}) },
    required: ['item', ...(withSample ? ['sample'] : [])],
  }
}

/** What a stored completion gives an eval. */
const loggedSchema: { [key: string]: unknown } = {
  type: 'object',
  properties: {
    item: {
      type: 'object',
      properties: {
        input: { type: 'array', items: { type: 'object' } },
        metadata: { type: 'object' },
        model: { type: 'string' },
      },
      required: ['input'],
    },
    sample: sampleSchema,
  },
  required: ['item', 'sample'],
}
