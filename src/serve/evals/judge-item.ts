/** One row of a run: its sample, given or asked for, judged by every criterion, as an output item. */
import type { ChatModel } from '../../core/chat-model.ts'
import { isRowFault, messageOf } from '../../core/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Criterion } from '../../steps/evaluate/graders/criterion.ts'
import {
  gradeCriterion,
  type CriterionGrade,
  type GraderTools,
} from '../../steps/evaluate/graders/grade-criterion.ts'
import { askModel, maxTokensOf, messagesFor } from './ask-model.ts'
import type { CompletionsSource } from './create-run.ts'
import type { RunItem } from './run-items.ts'
import { completeSample, sampleOfReply } from './sample.ts'
import type { OutputItemView, SampleView, StoredOutputItem } from './stored-eval.ts'
import { usageOf } from './usage.ts'

export interface RowJudge {
  readonly criteria: readonly Criterion[]
  readonly tools: GraderTools
  /** Who is asked, and how; null where every row comes with its answer. */
  readonly asked: {
    readonly source: CompletionsSource
    readonly name: string
    readonly model: ChatModel
  } | null
  readonly signal: AbortSignal
}

/** The item but for its ids and times. @throws what ends the whole run. */
export async function judgeItem(
  { item, sample: given }: RunItem,
  judge: RowJudge,
): Promise<Pick<StoredOutputItem, 'usage'> & { readonly view: JudgedView }> {
  const answered = await sampleFor(item, given, judge)
  const sample = 'fault' in answered ? undefined : answered.sample
  const grades =
    'fault' in answered
      ? []
      : await Promise.all(
          judge.criteria.map((criterion) => gradeCriterion(criterion, { item, sample }, judge.tools)),
        )
  const asked = sample !== undefined && judge.asked !== null ? usageOf(judge.asked.name, sample.usage) : []
  const view: JudgedView = {
    datasource_item: item,
    sample: showSample(sample, 'fault' in answered ? answered.fault : null, judge),
    results: judge.criteria.map((criterion, index) => showGrade(criterion, grades[index])),
    status: statusOf(grades),
  }
  return {
    view,
    usage: [...asked, ...grades.flatMap(({ judge: used }) => usageOf(used?.model, used?.usage))],
  }
}

type JudgedView = Pick<OutputItemView, 'datasource_item' | 'sample' | 'results' | 'status'>

type Answered = { readonly sample: JsonObject | undefined } | { readonly fault: string }

async function sampleFor(
  item: JsonObject,
  given: JsonObject | undefined,
  judge: RowJudge,
): Promise<Answered> {
  const { asked } = judge
  if (asked === null) return { sample: given === undefined ? undefined : completeSample(given) }
  const question = messagesFor(asked.source, item)
  if ('fault' in question) return question
  try {
    const { messages } = question
    const reply = await askModel(asked.model, messages, asked.source.sampling_params, judge.signal)
    return { sample: sampleOfReply(reply, asked.name, messages as unknown as readonly Json[]) }
  } catch (error) {
    if (isRowFault(error)) return { fault: messageOf(error) }
    throw error
  }
}

/** An error of one grader makes the row one: whether it passes is not known. */
function statusOf(grades: readonly CriterionGrade[]): OutputItemView['status'] {
  if (grades.length === 0 || grades.some((grade) => 'error' in grade)) return 'error'
  return grades.every((grade) => 'passed' in grade && grade.passed) ? 'pass' : 'fail'
}

function showGrade(
  { name, type }: Criterion,
  grade: CriterionGrade | undefined,
): OutputItemView['results'][number] {
  if (grade === undefined || 'error' in grade) {
    const error =
      grade === undefined
        ? { code: 'no_sample', message: 'there is no answer to judge' }
        : { code: grade.fault, message: grade.error }
    return { name, type, passed: false, score: 0, sample: { error }, error }
  }
  return { name, type, passed: grade.passed, score: grade.score, sample: null, reason: grade.reason }
}

function showSample(sample: JsonObject | undefined, fault: string | null, { asked }: RowJudge): SampleView {
  const params = asked?.source.sampling_params
  const text = typeof sample?.output_text === 'string' ? sample.output_text : null
  const [used] = usageOf('', sample?.usage)
  return {
    input: messagesOf(sample?.input),
    output: text === null ? [] : [{ role: 'assistant', content: text }],
    finish_reason: typeof sample?.finish_reason === 'string' ? sample.finish_reason : 'unknown',
    model: typeof sample?.model === 'string' ? sample.model : (asked?.name ?? null),
    usage:
      used === undefined
        ? null
        : {
            cached_tokens: used.cached_tokens,
            completion_tokens: used.completion_tokens,
            prompt_tokens: used.prompt_tokens,
            total_tokens: used.total_tokens,
          },
    error: fault === null ? null : { code: 'sample_error', message: fault },
    temperature: params?.temperature ?? null,
    top_p: params?.top_p ?? null,
    seed: params?.seed ?? null,
    max_completion_tokens: maxTokensOf(params),
  }
}

function messagesOf(input: Json | undefined): SampleView['input'] {
  if (!Array.isArray(input)) return []
  return (input as readonly Json[]).filter(isJsonObject).map(({ role, content }) => ({
    role: typeof role === 'string' ? role : 'user',
    content: typeof content === 'string' ? content : JSON.stringify(content ?? ''),
  }))
}
