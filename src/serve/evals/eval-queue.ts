/** Runs of evals, one after the other; what a killed server left is taken up again, and no answer is asked for twice. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isLocal } from '../../core/chat-model.ts'
import { mapConcurrently } from '../../core/concurrent.ts'
import { messageOf, PotstillError } from '../../core/errors.ts'
import { lockRun } from '../../runs/run.ts'
import { apiError } from '../api-error.ts'
import type { ServeDeps } from '../deps.ts'
import { dataSourceOf } from './create-run.ts'
import { serverGraderTools } from './grader-tools.ts'
import { judgeItem, type RowJudge } from './judge-item.ts'
import { keepRunItems, readRunItems, removeRunItems, type RunItem } from './run-items.ts'
import {
  allRecords,
  criteriaOf,
  findEval,
  findRun,
  hasEnded,
  outputItemId,
  outputItemKind,
  outputItemOf,
  outputItemRecord,
  runKind,
  runOf,
  runRecord,
  type EvalView,
  type StoredRun,
} from './stored-eval.ts'
import { addToTally, emptyTally, type Tally } from './tally.ts'

/** What the runs of evals need of the server. */
export type EvalDeps = Pick<ServeDeps, 'store' | 'data' | 'models' | 'settings' | 'now' | 'log'>

export interface EvalQueue {
  /** Takes up what is unfinished. Where another server has the data folder's evals, it says so in the log and takes none. */
  start(): Promise<void>
  /** Keeps a run with its rows, and runs it when its turn comes. @throws RUN_LOCKED. */
  add(run: StoredRun, items: readonly RunItem[]): Promise<void>
  /** The run with its counts as they are now. */
  current(run: StoredRun): StoredRun
  /** @throws a 400 for a run that has ended. */
  cancel(run: StoredRun): Promise<StoredRun>
  /** Stops the run if it is under way, and removes it with its output items. */
  remove(run: StoredRun): Promise<void>
  /** Stops the run under way, which the next server takes up. */
  close(): Promise<void>
}

interface Running {
  readonly id: string
  readonly stop: AbortController
  tally: Tally | null
  /** Resolves once nothing more is written in the run's name. */
  ended: Promise<void>
}

/** Enough rows under way for any provider's scheduler; a local model says itself how many it takes at once. */
const rowsUnderWay = 32

export function createEvalQueue(deps: EvalDeps): EvalQueue {
  const { store } = deps
  const waiting: { readonly evalId: string; readonly id: string }[] = []
  let running: Running | null = null
  let working: Promise<void> | null = null
  let closed = false
  let lock: (() => Promise<void>) | null = null

  async function takeLock(): Promise<void> {
    if (lock !== null) return
    const folder = join(deps.data, 'evals')
    await mkdir(folder, { recursive: true })
    lock = await lockRun(folder)
  }

  function kick(): void {
    if (working !== null || closed) return
    working = work().finally(() => {
      working = null
      if (waiting.length > 0) kick()
    })
  }

  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined && !closed; next = waiting.shift()) {
      const run = await findRun(store, next.evalId, next.id)
      const of = await findEval(store, next.evalId)
      if (run === null || of === null || hasEnded(run)) continue
      running = { id: run.id, stop: new AbortController(), tally: null, ended: Promise.resolve() }
      running.ended = execute(deps, of, run, running).catch((error: unknown) => {
        // Only where the store is gone; the run stays as it is for the next start.
        deps.log('error', `The run ${run.id} cannot go on: ${messageOf(error)}`, { run: run.id })
      })
      await running.ended
      running = null
    }
  }

  /** Takes the run out of the line; resolves once nothing more is written in its name. */
  async function stop(id: string): Promise<void> {
    const place = waiting.findIndex((next) => next.id === id)
    if (place >= 0) waiting.splice(place, 1)
    if (running?.id !== id) return
    running.stop.abort()
    await running.ended
  }

  return {
    async start() {
      try {
        await takeLock()
      } catch (error) {
        if (!(error instanceof PotstillError)) throw error
        deps.log('warn', `No evals are run here: ${error.message}`)
        return
      }
      for await (const record of allRecords(store, runKind)) {
        const run = runOf(record)
        if (hasEnded(run)) await removeRunItems(deps, run.id)
        else waiting.push({ evalId: run.eval_id, id: run.id })
      }
      kick()
    },
    async add(run, items) {
      await takeLock()
      await keepRunItems(deps, run.id, items)
      await store.putRecord(runRecord(run))
      waiting.push({ evalId: run.eval_id, id: run.id })
      kick()
    },
    current: (run) => (running?.id === run.id && running.tally !== null ? { ...run, ...running.tally } : run),
    async cancel(run) {
      if (hasEnded(run)) throw wasOver(run)
      const tally = running?.id === run.id ? running.tally : null
      // Replies under way may take a while to end; what they bring is no longer counted.
      void stop(run.id).then(() => removeRunItems(deps, run.id))
      const canceled: StoredRun = { ...run, ...tally, status: 'canceled' }
      await store.putRecord(runRecord(canceled))
      return canceled
    },
    async remove(run) {
      await stop(run.id)
      await store.deleteRecord(runKind, run.id)
      await removeRunItems(deps, run.id)
    },
    async close() {
      closed = true
      running?.stop.abort()
      await working
      await lock?.()
      lock = null
    },
  }
}

function wasOver({ id, status }: StoredRun): Error {
  return apiError(400, `The run ${id} cannot be cancelled: it is ${status}.`, { code: 'invalid_run_state' })
}

/** To its end, or until it is stopped: then it stays as it is. */
async function execute(deps: EvalDeps, of: EvalView, run: StoredRun, running: Running): Promise<void> {
  const { store } = deps
  const { signal } = running.stop
  await store.putRecord(runRecord({ ...run, status: 'in_progress' }))
  try {
    const items = await readRunItems(deps, run.id)
    const judge = await openJudge(deps, of, run, signal)
    running.tally = emptyTally(criteriaOf(of), items.length)
    const done = new Set<string>()
    for await (const record of allRecords(store, outputItemKind, run.id)) {
      running.tally = addToTally(running.tally, outputItemOf(record))
      done.add(record.id)
    }
    const open = items.map((_, index) => index).filter((index) => !done.has(outputItemId(run.id, index)))
    const work = (index: number): Promise<void> => settle(deps, run, running, judge, index, items[index])
    for await (const _ of mapConcurrently(open, widthOf(judge), work)) void _
    if (signal.aborted) return
    await finish(deps, { ...run, ...running.tally, status: 'completed' })
  } catch (error) {
    if (signal.aborted) return
    const code = error instanceof PotstillError ? error.code.toLowerCase() : 'server_error'
    const tally = running.tally ?? {}
    await finish(deps, { ...run, ...tally, status: 'failed', error: { code, message: messageOf(error) } })
  }
}

async function finish(deps: EvalDeps, run: StoredRun): Promise<void> {
  await deps.store.putRecord(runRecord(run))
  await removeRunItems(deps, run.id)
}

async function openJudge(
  { models, settings }: EvalDeps,
  of: EvalView,
  run: StoredRun,
  signal: AbortSignal,
): Promise<RowJudge> {
  const source = dataSourceOf(run)
  const tools = serverGraderTools({ models, settings }, run.id, signal)
  const name = source.type === 'completions' ? source.model : null
  const asked =
    source.type === 'completions' && typeof name === 'string'
      ? { source, name, model: await models.open(name, run.id) }
      : null
  return { criteria: criteriaOf(of), tools, asked, signal }
}

function widthOf({ asked, criteria }: RowJudge): number {
  const judged = criteria.some(({ type }) => type === 'label_model' || type === 'score_model')
  if (asked === null || !isLocal(asked.model) || judged) return rowsUnderWay
  return asked.model.parallel ?? 1
}

/** A row's item is on disk before the row counts. */
async function settle(
  { store, now }: EvalDeps,
  run: StoredRun,
  running: Running,
  judge: RowJudge,
  index: number,
  row: RunItem,
): Promise<void> {
  if (running.stop.signal.aborted) return
  const { view, usage } = await judgeItem(row, judge)
  const item = {
    view: {
      id: outputItemId(run.id, index),
      object: 'eval.run.output_item' as const,
      created_at: Math.floor(now() / 1000),
      run_id: run.id,
      eval_id: run.eval_id,
      datasource_item_id: index,
      ...view,
    },
    usage,
  }
  if (running.stop.signal.aborted) return
  await store.putRecord(outputItemRecord(item))
  if (running.tally !== null) running.tally = addToTally(running.tally, item)
}
