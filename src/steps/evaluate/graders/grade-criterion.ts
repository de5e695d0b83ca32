/** Judges one answer by one criterion: the one implementation behind `potstill evaluate` and the server's evals. */
import type { ChatModel, Usage } from '../../../core/chat-model.ts'
import { javascriptGrade } from './criteria/javascript.ts'
import { labelModelGrade, scoreModelGrade } from './criteria/judge-model.ts'
import { pythonGrade } from './criteria/python.ts'
import { stringCheckGrade } from './criteria/string-check.ts'
import { textSimilarityGrade } from './criteria/text-similarity.ts'
import type { Criterion, CriterionOf } from './criterion.ts'
import type { PythonSandbox } from './sandbox/python-sandbox.ts'
import type { Variables } from './template.ts'

/** What graders need of the world; each is opened only when a grader asks for it. */
export interface GraderTools {
  /** Opens a judge. Its replies should be logged, so that nothing is paid for twice. */
  readonly openModel: (name: string) => Promise<ChatModel>
  /** One vector a text, by the model named or the one that is set. */
  readonly embed: (
    model: string | undefined,
    texts: readonly string[],
  ) => Promise<readonly (readonly number[])[]>
  /** Locks Python in; null where Python graders are not allowed. */
  readonly python: (() => Promise<PythonSandbox>) | null
  readonly signal?: AbortSignal
}

/** What went wrong, as OpenAI's grader endpoint tells it apart. */
export type GradeFault =
  | 'invalid_variable'
  | 'judge_parse'
  | 'judge_refusal'
  | 'judge_server'
  | 'python_refused'
  | 'python_runtime'
  | 'other'

/** What a judge model took. */
export interface JudgeUsage {
  readonly model: string
  readonly usage: Usage | null
}

export interface CriterionScore {
  /** As the criterion counts: a similarity, a share, or a score in its range. */
  readonly score: number
  /** The same from 0 to 1. */
  readonly share: number
  readonly passed: boolean
  readonly reason: string
  readonly judge?: JudgeUsage
}

/** An error is neither a pass nor a fail. */
export type CriterionGrade =
  | CriterionScore
  | { readonly error: string; readonly fault: GradeFault; readonly judge?: JudgeUsage }

export type CriterionJudge<Type extends Criterion['type']> = (
  criterion: CriterionOf<Type>,
  variables: Variables,
  tools: GraderTools,
) => Promise<CriterionGrade>

const judges: { readonly [Type in Criterion['type']]: CriterionJudge<Type> } = {
  string_check: stringCheckGrade,
  text_similarity: textSimilarityGrade,
  label_model: labelModelGrade,
  score_model: scoreModelGrade,
  javascript: javascriptGrade,
  python: pythonGrade,
}

/** @throws what concerns every answer alike: a judge without a key, a budget that is spent, an interruption. */
export async function gradeCriterion(
  criterion: Criterion,
  variables: Variables,
  tools: GraderTools,
): Promise<CriterionGrade> {
  const judge = judges[criterion.type] as CriterionJudge<Criterion['type']>
  return judge(criterion, variables, tools)
}
