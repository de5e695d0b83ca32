/** Says, before anything is spent, what the paid models of a run will cost at most, with the arithmetic. */
import type { ChatModel } from '../core/chat-model.ts'
import { teacherModels } from '../core/config.ts'
import { renderAnswer } from '../core/answer.ts'
import type { StepEvent } from '../core/event.ts'
import { buildRequest } from '../core/request.ts'
import type { Row } from '../core/row.ts'
import { loadTokenCounter, type TokenCounter } from '../models/count-tokens.ts'
import { estimateUsd, findPrice } from '../models/prices.ts'
import { judgeCalls } from './estimate-judges.ts'
import { rowsToAsk } from './rows-to-ask.ts'
import type { Session } from './session.ts'

/** Enough rows to know the mean length of an input. */
const sampleSize = 200
/** Tokens of an answer where no labelled row shows one. */
const unknownAnswerTokens = 100

export async function* estimateCost(session: Session): AsyncGenerator<StepEvent, void> {
  const paid = await paidArms(session)
  const counter = await loadTokenCounter()
  const judges = await judgeCalls(session, counter, meanAnswerTokens(session, counter))
  if (paid.length + judges.length === 0) return
  let total = 0
  for (const { name, model } of paid) {
    const { rows, calls, draftsShown } = callsOf(session, name)
    const answerTokens = meanAnswerTokens(session, counter)
    const promptTokens = meanPromptTokens(session, name, rows, counter) + draftsShown * answerTokens
    const { usd, text } = estimateUsd(model.id, findPrice(session.catalog.prices, model.id), {
      calls,
      promptTokens: Math.round(calls * promptTokens),
      completionTokens: Math.round(calls * answerTokens),
    })
    total += usd ?? 0
    yield { type: 'message', level: 'info', text: `Estimate, ${name}: ${text}` }
  }
  for (const { name, model, calls, promptTokens, completionTokens } of judges) {
    const { usd, text } = estimateUsd(model.id, findPrice(session.catalog.prices, model.id), {
      calls,
      promptTokens: Math.round(calls * promptTokens),
      completionTokens: calls * completionTokens,
    })
    total += usd ?? 0
    yield { type: 'message', level: 'info', text: `Estimate, grader ${name}: ${text}` }
  }
  yield* warnOfUnknownPrices(session, [...paid, ...judges])
  yield* compareWithBudget(session, total)
}

interface Calls {
  /** Whose inputs are sent. */
  readonly rows: readonly Row[]
  readonly calls: number
  /** Answers of teachers that each request shows. */
  readonly draftsShown: number
}

/** A teacher answers the unlabelled rows too, and the labelled ones where they say how far it can be trusted. */
function callsOf(session: Session, name: string): Calls {
  const { rows, config } = session
  const teachers = teacherModels(config)
  const combine = 'combine' in config.teacher ? config.teacher.combine : null
  const asked = [...rows.evaluation, ...rowsToAsk(session).ask]
  if (name === judgeName) {
    const drafts = teachers.reduce((sum, { samples }) => sum + samples, 0)
    return { rows: asked, calls: asked.length * (combine === 'best-of' ? 2 : 1), draftsShown: drafts }
  }
  const teacher = teachers.find((model) => model.name === name)
  if (teacher === undefined) return { rows: rows.evaluation, calls: rows.evaluation.length, draftsShown: 0 }
  const answered = rows.captured?.replies
  const all = [...asked, ...(combine === 'weighted' ? rows.labelled : [])].filter(
    (row) => answered?.has(row.key) !== true,
  )
  return { rows: all, calls: all.length * teacher.samples, draftsShown: 0 }
}

const judgeName = 'teacher.judge'

interface PaidArm {
  readonly name: string
  readonly model: ChatModel
}

async function paidArms(session: Session): Promise<PaidArm[]> {
  const arms: PaidArm[] = []
  const { teacher } = session.config
  const judge =
    'combine' in teacher && teacher.judge !== undefined ? [{ ...teacher.judge, name: judgeName }] : []
  for (const arm of [...session.configuredArms(), ...judge]) {
    const { model } = await session.open(arm.model)
    if (model.source === 'provider') arms.push({ name: arm.name, model })
  }
  return arms
}

function meanPromptTokens(
  session: Session,
  arm: string,
  rows: readonly Row[],
  counter: TokenCounter,
): number {
  const sample = rows.filter((_, index) => index % Math.ceil(rows.length / sampleSize) === 0)
  const settings = session.settingsOf(arm)
  return mean(sample.map((row) => counter.ofRequest(buildRequest(session.task, row, settings))))
}

function meanAnswerTokens(session: Session, counter: TokenCounter): number {
  const examples = session.labelledExamples().slice(0, sampleSize)
  if (examples.length === 0) return unknownAnswerTokens
  return mean(examples.map(({ output }) => counter.ofText(renderAnswer(session.task, output))))
}

/** A call whose price is unknown cannot be held by the budget. */
async function* warnOfUnknownPrices(
  session: Session,
  paid: readonly PaidArm[],
): AsyncGenerator<StepEvent, void> {
  if (session.config.budget === undefined) return
  const unknown = paid.filter(({ model }) => findPrice(session.catalog.prices, model.id) === null)
  for (const { model } of unknown) {
    const text = `budget.usd cannot hold ${model.id}: its price is not known. Give it under prices in the config.`
    yield { type: 'message', level: 'warning', text }
  }
}

async function* compareWithBudget(session: Session, total: number): AsyncGenerator<StepEvent, void> {
  const limit = session.config.budget?.usd
  const spent = session.catalog.spentUsd()
  const before = spent > 0 ? `; $${spent.toFixed(4)} of it was spent before` : ''
  const text = `Estimate, in all: at most about $${total.toFixed(total < 1 ? 4 : 2)} (what the call log has costs nothing again)${before}`
  if (limit === undefined) {
    yield { type: 'message', level: 'info', text: `${text}; no cap (budget.usd)` }
  } else if (spent < total && total > limit) {
    yield {
      type: 'message',
      level: 'warning',
      text: `${text}: more than budget.usd, $${limit}. The run will stop there, keep everything, and can go on later.`,
    }
  } else {
    yield { type: 'message', level: 'info', text: `${text}; capped at budget.usd, $${limit}` }
  }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
