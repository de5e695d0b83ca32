/** Tries a grader on one answer, and checks one without running it. */
import { Hono } from 'hono'
import type { GraderRunResponse, GraderValidateResponse } from 'openai/resources/fine-tuning/alpha/graders'
import { z } from 'zod'
import type { Json } from '../../core/json.ts'
import { criterionSchema, type Criterion } from '../../steps/evaluate/graders/criterion.ts'
import {
  gradeCriterion,
  type CriterionGrade,
  type GradeFault,
} from '../../steps/evaluate/graders/grade-criterion.ts'
import { apiError } from '../api-error.ts'
import type { RouteGroup, ServeDeps, ServeEnv } from '../deps.ts'
import { checkCriterion } from '../evals/create-eval.ts'
import { checkGraderModels } from '../evals/create-run.ts'
import { serverGraderTools } from '../evals/grader-tools.ts'
import { completeSample } from '../evals/sample.ts'
import type { JavaScriptGrader } from '../evals/stored-eval.ts'
import { usageOf } from '../evals/usage.ts'
import { readJsonBody } from '../json-body.ts'

const path = '/fine_tuning/alpha/graders'
/** Who pays for judges that are tried. */
const payer = 'graders'

const graderSchema = z.looseObject({ type: z.string() })
const validateSchema = z.object({ grader: graderSchema })
const runSchema = z.object({
  grader: graderSchema,
  model_sample: z.string(),
  item: z.json().optional(),
  /** What the field was called before `item`. */
  reference_answer: z.json().optional(),
})

type ValidateView = { readonly grader?: GraderValidateResponse['grader'] | JavaScriptGrader }

export const gradersRoutes: RouteGroup = (deps) => {
  const app = new Hono<ServeEnv>()
  app.post(`${path}/validate`, async (c) => {
    const { grader } = await readJsonBody(c, validateSchema)
    const criterion = await readGrader(grader)
    return c.json<ValidateView>({ grader: criterion as unknown as ValidateView['grader'] })
  })
  app.post(`${path}/run`, async (c) => {
    const given = await readJsonBody(c, runSchema)
    const criterion = await readGrader(given.grader)
    await checkGraderModels(deps, [criterion])
    const item = given.item ?? { reference_answer: given.reference_answer ?? null }
    const startedAt = performance.now()
    const grade = await tryGrader(deps, criterion, given.model_sample, item)
    return c.json<GraderRunResponse>(showRun(criterion, grade, (performance.now() - startedAt) / 1000))
  })
  return app
}

async function readGrader(given: { readonly type: string }): Promise<Criterion> {
  if (given.type === 'multi') {
    throw apiError(400, 'grader.type: multi graders are not there; try their parts one by one.', {
      param: 'grader.type',
      code: 'unsupported_grader',
    })
  }
  const parsed = criterionSchema.safeParse(given)
  if (!parsed.success) {
    const [{ path: place, message }] = parsed.error.issues
    const param = ['grader', ...place.map(String)].join('.')
    throw apiError(400, `${param}: ${message}`, { param, code: 'invalid_grader' })
  }
  await checkCriterion(parsed.data, 'grader')
  return parsed.data
}

async function tryGrader(
  deps: ServeDeps,
  criterion: Criterion,
  text: string,
  item: Json,
): Promise<CriterionGrade> {
  const tools = serverGraderTools(deps, payer, deps.signal)
  return gradeCriterion(criterion, { item, sample: completeSample({ output_text: text }) }, tools)
}

function showRun({ name, type }: Criterion, grade: CriterionGrade, seconds: number): GraderRunResponse {
  const fault = 'error' in grade ? grade : null
  const reward = 'error' in grade ? 0 : grade.score
  const [usage] = usageOf(grade.judge?.model, grade.judge?.usage)
  return {
    reward,
    metadata: {
      name,
      type,
      errors: errorsOf(fault),
      execution_time: seconds,
      scores: fault === null ? { [name]: reward } : {},
      token_usage: usage?.total_tokens ?? null,
      sampled_model_name: grade.judge?.model ?? null,
    },
    sub_rewards: {},
    model_grader_token_usage_per_model: usage === undefined ? {} : { [usage.model_name]: usage.total_tokens },
  }
}

function errorsOf(
  fault: { readonly error: string; readonly fault: GradeFault } | null,
): GraderRunResponse['metadata']['errors'] & { readonly message: string | null } {
  const is = (kind: GradeFault): boolean => fault?.fault === kind
  const messageIf = (holds: boolean): string | null => (holds ? (fault?.error ?? null) : null)
  return {
    formula_parse_error: false,
    sample_parse_error: false,
    truncated_observation_error: false,
    unresponsive_reward_error: false,
    invalid_variable_error: is('invalid_variable'),
    other_error: is('other'),
    python_grader_server_error: is('python_refused'),
    python_grader_server_error_type: messageIf(is('python_refused')),
    python_grader_runtime_error: is('python_runtime'),
    python_grader_runtime_error_details: messageIf(is('python_runtime')),
    model_grader_server_error: is('judge_server'),
    model_grader_refusal_error: is('judge_refusal'),
    model_grader_parse_error: is('judge_parse'),
    model_grader_server_error_details: messageIf(is('judge_server')),
    message: fault?.error ?? null,
  }
}
