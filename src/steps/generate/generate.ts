/** The teacher answers the unlabelled rows; whatever comes back, each row ends with an outcome. */
import type { ChatModel, Reply } from '../../core/chat-model.ts'
import { mapConcurrently } from '../../core/concurrent.ts'
import { isRowFault, messageOf } from '../../core/errors.ts'
import type { StepEvent, StepName } from '../../core/event.ts'
import { buildRequest, type RequestSettings } from '../../core/request.ts'
import type { Row } from '../../core/row.ts'
import type { Task } from '../../core/task.ts'

/** A row and what became of asking: a reply, or why there is none. */
export type Outcome = { readonly row: Row } & ({ readonly reply: Reply } | { readonly fault: string })

export interface GenerateOptions {
  readonly task: Task
  readonly settings: RequestSettings
  /** How many rows are under way at once; the provider's scheduler sets the true pace. */
  readonly concurrency: number
  readonly signal?: AbortSignal
  /** The step that the progress is shown under; generate when absent. */
  readonly step?: StepName
  /** Money spent by the run so far, for the progress line. */
  readonly spentUsd?: () => number
}

export interface Generated {
  /** In the order of the rows. */
  readonly outcomes: readonly Outcome[]
  readonly answered: number
  readonly failed: number
  /** Replies that came from the call log: asked and paid for before. */
  readonly fromCallLog: number
  /** Sum over the replies; null when the price of one is unknown. */
  readonly usd: number | null
}

/** @throws what concerns every row alike: a missing key, the budget, an interruption. Replies so far are logged. */
export async function* generate(
  teacher: ChatModel,
  rows: readonly Row[],
  options: GenerateOptions,
): AsyncGenerator<StepEvent, Generated> {
  const outcomes: Outcome[] = Array.from({ length: rows.length })
  const ask = (row: Row): Promise<Outcome> => askTeacher(teacher, row, options)
  let done = 0
  let failed = 0
  for await (const { index, result } of mapConcurrently(rows, options.concurrency, ask)) {
    outcomes[index] = result
    done++
    if ('fault' in result) failed++
    yield {
      type: 'progress',
      step: options.step ?? 'generate',
      label: teacher.id,
      done,
      total: rows.length,
      ...(options.spentUsd === undefined ? {} : { spentUsd: options.spentUsd() }),
      ...(failed === 0 ? {} : { detail: `${failed} failed` }),
    }
  }
  return summarise(outcomes)
}

async function askTeacher(teacher: ChatModel, row: Row, options: GenerateOptions): Promise<Outcome> {
  try {
    const request = buildRequest(options.task, row, options.settings)
    return { row, reply: await teacher.complete(request, options.signal) }
  } catch (error) {
    if (isRowFault(error)) return { row, fault: messageOf(error) }
    throw error
  }
}

function summarise(outcomes: readonly Outcome[]): Generated {
  const replies = outcomes.flatMap((outcome) => ('reply' in outcome ? [outcome.reply] : []))
  const prices = replies.map((reply) => reply.priceUsd).filter((price) => price !== null)
  return {
    outcomes,
    answered: replies.length,
    failed: outcomes.length - replies.length,
    fromCallLog: replies.filter((reply) => reply.cached === true).length,
    usd: prices.length < replies.length ? null : prices.reduce((sum, price) => sum + price, 0),
  }
}
