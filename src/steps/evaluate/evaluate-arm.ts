/** Has one arm answer every evaluation row and judges the answers. */
import type { ChatModel, Reply } from '../../core/chat-model.ts'
import { mapConcurrently } from '../../core/concurrent.ts'
import { isRowFault, messageOf } from '../../core/errors.ts'
import type { StepEvent } from '../../core/event.ts'
import type { ArmRole, JudgedAnswer } from '../../core/measure.ts'
import { buildRequest, type RequestSettings } from '../../core/request.ts'
import type { Row } from '../../core/row.ts'
import { judge, type Judge } from './judge.ts'

export interface ArmSpec {
  readonly name: string
  readonly role: ArmRole
  readonly model: ChatModel
  readonly settings: RequestSettings
}

export interface EvaluateOptions {
  readonly judge: Judge
  /** How many rows are under way at once; the provider's scheduler sets the true pace. */
  readonly concurrency: number
  /** What a processor costs, for local models. */
  readonly usdPerCoreHour: number
  readonly signal?: AbortSignal
  /** Money spent by the run so far, for the progress line. */
  readonly spentUsd?: () => number
  /** Every row is asked when absent. */
  readonly stop?: StopRule
}

/** Rows are asked a block at a time; a block that was started is finished. */
export interface StopRule {
  readonly blockRows: number
  /** Given the answers of one block after another, in the order of the rows: whether no further row need be asked. */
  readonly isEnough: (block: readonly JudgedAnswer[]) => boolean
}

const warmUpRows = 50

/**
 * One judged answer a row, in the order of the rows, for the rows until `stop`. A failed call is a judged answer too.
 * @throws what concerns every row alike: a missing key, an unknown model, the budget, an interruption.
 */
export async function* evaluateArm(
  arm: ArmSpec,
  rows: readonly Row[],
  options: EvaluateOptions,
): AsyncGenerator<StepEvent, readonly JudgedAnswer[]> {
  const answers: JudgedAnswer[] = []
  const blockRows = options.stop?.blockRows ?? rows.length
  // A local model is asked one row at a time: latencies measured side by side would be those of a queue.
  const local = arm.model.source === 'student' || arm.model.source === 'baseline'
  const ask = async (row: Row): Promise<JudgedAnswer> => {
    const outcome = await answerOf(arm, row, options.judge, options.signal)
    return judge(
      row,
      'fault' in outcome ? outcome : withPrice(outcome, local, options.usdPerCoreHour),
      options.judge,
    )
  }
  if (local) await warmUp(arm, rows, options.judge)
  let done = 0
  let right = 0
  for (let start = 0; start < rows.length; start += blockRows) {
    const block = rows.slice(start, start + blockRows)
    for await (const { index, result } of mapConcurrently(block, local ? 1 : options.concurrency, ask)) {
      answers[start + index] = result
      done++
      right += result.score
      yield {
        type: 'progress',
        step: 'evaluate',
        label: arm.name,
        done,
        total: rows.length,
        ...(arm.model.source === 'provider' && options.spentUsd !== undefined
          ? { spentUsd: options.spentUsd() }
          : {}),
        detail: `${((100 * right) / done).toFixed(1)} % so far`,
      }
    }
    if (options.stop?.isEnough(answers.slice(start)) === true) break
  }
  return answers
}

/** A served model has been running for a while: its first answers, slow until compiled, are not timed. */
async function warmUp(arm: ArmSpec, rows: readonly Row[], judge: Judge): Promise<void> {
  for (const row of rows.slice(0, warmUpRows)) await answerOf(arm, row, judge, undefined)
}

async function answerOf(
  arm: ArmSpec,
  row: Row,
  { task }: Judge,
  signal: AbortSignal | undefined,
): Promise<Reply | { readonly fault: string }> {
  try {
    return await arm.model.complete(buildRequest(task, row, arm.settings), signal)
  } catch (error) {
    if (isRowFault(error)) return { fault: messageOf(error) }
    throw error
  }
}

/** A local answer costs the processor time that it took. */
function withPrice(reply: Reply, local: boolean, usdPerCoreHour: number): Reply {
  if (!local || reply.latencyMs === null || reply.priceUsd !== null) return reply
  return { ...reply, priceUsd: (reply.latencyMs / 3_600_000) * usdPerCoreHour }
}
