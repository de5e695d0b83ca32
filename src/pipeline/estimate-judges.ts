/** What judge models among the graders will be asked, at most: every evaluation row of every arm. */
import type { ChatModel } from '../core/chat-model.ts'
import type { TokenCounter } from '../models/count-tokens.ts'
import type { Session } from './session.ts'

export interface JudgeCalls {
  /** The grader, as the estimate names it. */
  readonly name: string
  readonly model: ChatModel
  readonly calls: number
  /** Of one call. */
  readonly promptTokens: number
  readonly completionTokens: number
}

/** Besides the arms of the config: the most frequent values, the student before and after. */
const furtherArms = 3
/** A judge gives its reasons first. */
const judgementTokens = 150

/** Paid judges only. `answerTokens` is the mean answer that they are shown. */
export async function judgeCalls(
  session: Session,
  counter: TokenCounter,
  answerTokens: number,
): Promise<readonly JudgeCalls[]> {
  const rows = session.rows.evaluation
  const inputTokens =
    rows.reduce((sum, { input }) => sum + counter.ofText(input), 0) / Math.max(1, rows.length)
  const found: JudgeCalls[] = []
  for (const grader of session.config.evaluate.graders) {
    if (grader.type !== 'label_model' && grader.type !== 'score_model') continue
    const { model } = await session.open(grader.model)
    if (model.source !== 'provider') continue
    found.push({
      name: grader.name ?? grader.type,
      model,
      calls: rows.length * (session.configuredArms().length + furtherArms),
      promptTokens: counter.ofText(grader.prompt) + inputTokens + 2 * answerTokens,
      completionTokens: judgementTokens,
    })
  }
  return found
}
