/** Has one arm answer every evaluation row and judges the answers. */
import { isLocal, type ChatModel, type Reply } from '../../core/chat-model.ts'
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
/** Of a model that answers several rows side by side, so many are asked one at a time first, to be timed. */
const timedRows = 20

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
  const local = isLocal(arm.model)
  const answer = async (row: Row, timed: boolean): Promise<Outcome> => {
    const outcome = await answerOf(arm, row, options.judge, options.signal)
    return 'fault' in outcome ? outcome : withPrice(outcome, local, timed, options.usdPerCoreHour)
  }
  if (local) await warmUp(arm, rows, options.judge)
  let done = 0
  let right = 0
  for (const { start, end, width, timed } of blocksOf(arm.model, rows.length, options)) {
    const block = rows.slice(start, end)
    // While a judge is waited for, this processor has other things to do than to time a local model's answers.
    const apart = local && options.judge.graders.some(({ waits }) => waits === true)
    const outcomes: Outcome[] = []
    if (apart) {
      const answered = mapConcurrently(block, width, (row) => answer(row, timed))
      for await (const { index, result } of answered) outcomes[index] = result
    }
    const judged = mapConcurrently(block, apart ? options.concurrency : width, async (row, index) =>
      judge(row, outcomes[index] ?? (await answer(row, timed)), options.judge),
    )
    for await (const { index, result } of judged) {
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

interface Block {
  readonly start: number
  readonly end: number
  /** Rows answered at once. */
  readonly width: number
  readonly timed: boolean
}

/** A local model's latencies are taken one row at a time: side by side they would be those of a queue. */
function blocksOf(model: ChatModel, rows: number, { stop, concurrency }: EvaluateOptions): Block[] {
  const width = isLocal(model) ? (model.parallel ?? 1) : concurrency
  if (isLocal(model) && width > 1) {
    const end = Math.min(timedRows, rows)
    return [
      { start: 0, end, width: 1, timed: true },
      { start: end, end: rows, width, timed: false },
    ].filter((block) => block.end > block.start)
  }
  const size = stop?.blockRows ?? Math.max(rows, 1)
  return Array.from({ length: Math.ceil(rows / size) }, (_, index) => ({
    start: index * size,
    end: Math.min(rows, (index + 1) * size),
    width,
    timed: true,
  }))
}

/** A served model has been running for a while: its first answers, slow until compiled, are not timed. */
async function warmUp(arm: ArmSpec, rows: readonly Row[], judge: Judge): Promise<void> {
  const count = (arm.model.parallel ?? 1) > 1 ? 1 : warmUpRows
  for (const row of rows.slice(0, count)) await answerOf(arm, row, judge, undefined)
}

type Outcome = Reply | { readonly fault: string }

async function answerOf(
  arm: ArmSpec,
  row: Row,
  { task }: Judge,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  try {
    return await arm.model.complete(buildRequest(task, row, arm.settings), signal)
  } catch (error) {
    if (isRowFault(error)) return { fault: messageOf(error) }
    throw error
  }
}

/** A local answer costs the processor time that it took. */
function withPrice(reply: Reply, local: boolean, timed: boolean, usdPerCoreHour: number): Reply {
  const processorMs = reply.processorMs ?? reply.latencyMs
  if (!local || processorMs === null || reply.priceUsd !== null) return reply
  const priceUsd = (processorMs / 3_600_000) * usdPerCoreHour
  return { ...reply, latencyMs: timed ? reply.latencyMs : null, priceUsd }
}
