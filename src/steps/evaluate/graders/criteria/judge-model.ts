/** label_model and score_model: another model judges. Its own failure is an error, never a pass or a fail. */
import type { ChatModel, ChatRequest, Message, Reply } from '../../../../core/chat-model.ts'
import { isRowFault, messageOf } from '../../../../core/errors.ts'
import type { JsonObject } from '../../../../core/json.ts'
import { messageText, type CriterionOf } from '../criterion.ts'
import type { CriterionGrade, CriterionJudge, GraderTools, JudgeUsage } from '../grade-criterion.ts'
import { readLabel, readReason, readScore } from '../parse-judgement.ts'
import { fillTemplate, type Variables } from '../template.ts'
import { missingVariable } from './outcome.ts'

type JudgeCriterion = CriterionOf<'label_model' | 'score_model'>
type Failure = Extract<CriterionGrade, { error: string }>

export const labelModelGrade: CriterionJudge<'label_model'> = async (criterion, variables, tools) => {
  const { labels, passing_labels: passing } = criterion
  const asked = await askJudge(criterion, { type: 'string', enum: labels }, variables, tools)
  if ('error' in asked) return asked
  const { content, judge } = asked
  const label = readLabel(content, labels)
  if (label === null) return unreadable(`none of the labels (${labels.join(', ')})`, content, judge)
  const passed = passing.includes(label)
  const score = passed ? 1 : 0
  return { score, share: score, passed, reason: `${label}: ${readReason(content)}`, judge }
}

export const scoreModelGrade: CriterionJudge<'score_model'> = async (criterion, variables, tools) => {
  const [lowest, highest] = criterion.range ?? [0, 1]
  const schema = { type: 'number', description: `From ${lowest} to ${highest}.` }
  const asked = await askJudge(criterion, schema, variables, tools)
  if ('error' in asked) return asked
  const { content, judge } = asked
  const score = readScore(content)
  if (score === null) return unreadable('no score', content, judge)
  if (score < lowest || score > highest) {
    return unreadable(`the score ${score}, which is not from ${lowest} to ${highest}`, content, judge)
  }
  const threshold = criterion.pass_threshold ?? (lowest + highest) / 2
  const share = (score - lowest) / (highest - lowest)
  return { score, share, passed: score >= threshold, reason: readReason(content), judge }
}

interface Judgement {
  readonly content: string
  readonly judge: JudgeUsage
}

async function askJudge(
  criterion: JudgeCriterion,
  result: JsonObject,
  variables: Variables,
  tools: GraderTools,
): Promise<Judgement | Failure> {
  const messages = fillMessages(criterion, variables)
  if ('error' in messages) return messages
  const model = await tools.openModel(criterion.model)
  const reply = await replyOf(model, toRequest(criterion, messages, result), tools.signal)
  if ('error' in reply) return reply
  const judge = { model: criterion.model, usage: reply.usage }
  if (reply.refusal !== undefined) {
    return { error: `the judge refused: ${reply.refusal}`, fault: 'judge_refusal', judge }
  }
  return { content: reply.content, judge }
}

function fillMessages({ input }: JudgeCriterion, variables: Variables): readonly Message[] | Failure {
  const messages: Message[] = []
  for (const message of input) {
    const filled = fillTemplate(messageText(message), variables)
    if ('missing' in filled) return missingVariable(filled.missing)
    const role = message.role === 'developer' ? 'system' : message.role
    messages.push({ role, content: filled.text })
  }
  return messages
}

/** Reasons first: a judge that has to give them judges better than one that gives a bare figure. */
function toRequest(criterion: JudgeCriterion, messages: readonly Message[], result: JsonObject): ChatRequest {
  const params = criterion.sampling_params ?? {}
  const maxTokens = params.max_completion_tokens ?? params.max_completions_tokens
  const further = {
    ...(params.top_p == null ? {} : { top_p: params.top_p }),
    ...(params.reasoning_effort == null ? {} : { reasoning_effort: params.reasoning_effort }),
  }
  return {
    messages,
    schema: {
      type: 'object',
      properties: { reasoning: { type: 'string' }, result },
      required: ['reasoning', 'result'],
      additionalProperties: false,
    },
    ...(params.temperature == null ? {} : { temperature: params.temperature }),
    ...(params.seed == null ? {} : { seed: params.seed }),
    ...(maxTokens == null ? {} : { maxTokens }),
    ...(Object.keys(further).length === 0 ? {} : { parameters: further }),
  }
}

async function replyOf(
  model: ChatModel,
  request: ChatRequest,
  signal: AbortSignal | undefined,
): Promise<Reply | Failure> {
  try {
    return await model.complete(request, signal)
  } catch (error) {
    if (isRowFault(error)) return { error: messageOf(error), fault: 'judge_server' }
    throw error
  }
}

function unreadable(what: string, content: string, judge: JudgeUsage): Failure {
  const shown = content.length > 200 ? `${content.slice(0, 199)}…` : content
  return { error: `the judge gave ${what}: ${JSON.stringify(shown)}`, fault: 'judge_parse', judge }
}
