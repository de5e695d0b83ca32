/** Reads the config's data and decides, before anything is generated, which rows are held out for evaluation. */
import { relative } from 'node:path'
import type { Config } from '../core/config.ts'
import { PotstillError } from '../core/errors.ts'
import { inferOutput } from '../core/infer-schema.ts'
import { resolvePath, type LoadedConfig } from '../core/load-config.ts'
import { outputFields } from '../core/output-fields.ts'
import type { Json } from '../core/json.ts'
import type { Row } from '../core/row.ts'
import { splitByGroup } from '../core/split.ts'
import type { Task, TaskOutput } from '../core/task.ts'
import { readRows, type ReadOptions } from '../data/read-rows.ts'
import { openStore } from '../store/sqlite-store.ts'
import { readCapturedRows, type CapturedRows } from './captured-traffic.ts'

export interface PreparedRows {
  readonly task: Task
  readonly labelled: readonly Row[]
  readonly unlabelled: readonly Row[]
  readonly evaluation: readonly Row[]
  /** In words, for the report. */
  readonly evaluationFrom: string
  /** Evaluation rows without an expected answer: the teacher's answers stand in, and scores are agreement with it. */
  readonly needsExpected: boolean
  /** Traffic whose rows are among those above, with the answers they got; null where the config names none. */
  readonly captured: CapturedRows | null
}

/** More held-out rows than this cost more than they tell. */
const mostHeldOutRows = 500

/** `data` is the data folder, where captured traffic is. @throws DATA_* naming the file and line; CONFIG_INVALID where the data cannot serve. */
export async function prepareRows(loaded: LoadedConfig, seed: number, data: string): Promise<PreparedRows> {
  const { config, folder } = loaded
  const captured = await capturedRows(config, data)
  const output =
    loaded.output ??
    (captured === null || config.data.labelled !== undefined
      ? await inferFromLabels(loaded)
      : captured.output)
  const fields = outputFields(output)
  const { input, context } = config.task
  const task: Task = { name: config.name, input, context, prompt: loaded.taskPrompt, output, fields }
  const read = (path: string | undefined, answers: ReadOptions['answers']): Promise<Row[]> =>
    path === undefined ? Promise.resolve([]) : collectRows(loaded, path, answers, task)
  const labelled = await read(config.data.labelled, 'required')
  const unlabelled = [...(captured?.rows ?? []), ...(await read(config.data.unlabelled, 'ignored'))]
  const rows = { task, labelled, unlabelled, captured }
  if (config.data.evaluation === undefined) return splitOff(rows, config, seed)
  const evaluation = await read(config.data.evaluation, 'optional')
  const without = evaluation.filter((row) => row.expected === undefined).length
  if (without > 0 && without < evaluation.length) {
    throw new PotstillError(
      'DATA_INVALID',
      `${config.data.evaluation}: ${without} of ${evaluation.length} rows have no expected answer`,
      { hint: 'Give every evaluation row an expected answer, or none of them.' },
    )
  }
  const source = relative(folder, resolvePath(folder, config.data.evaluation))
  return {
    ...rows,
    evaluation,
    evaluationFrom: `${evaluation.length} rows of ${source}`,
    needsExpected: without > 0,
  }
}

function splitOff(
  rows: Pick<PreparedRows, 'task' | 'labelled' | 'unlabelled' | 'captured'>,
  config: Config,
  seed: number,
): PreparedRows {
  const fromLabels = rows.labelled.length > 0
  const pool = fromLabels ? rows.labelled : rows.unlabelled
  const share = Math.min(config.evaluate.share, mostHeldOutRows / Math.max(1, pool.length))
  const { rest, heldOut } = splitByGroup(pool, share, seed)
  if (heldOut.length === 0 || rest.length === 0) {
    throw new PotstillError('DATA_EMPTY', `${pool.length} rows are too few to hold some out for evaluation`, {
      hint: 'Give more rows, or an evaluation file of their own (data.evaluation).',
    })
  }
  const kind = fromLabels ? 'labelled' : rows.captured === null ? 'unlabelled' : 'captured and unlabelled'
  return {
    ...rows,
    ...(fromLabels ? { labelled: rest } : { unlabelled: rest }),
    evaluation: heldOut,
    evaluationFrom: `${heldOut.length} of ${pool.length} ${kind} rows, split off by group before anything was generated`,
    needsExpected: !fromLabels,
  }
}

async function capturedRows(config: Config, data: string): Promise<CapturedRows | null> {
  const { captured, group } = config.data
  if (captured === undefined) return null
  const { model, workload, since, metadata } = captured
  const filter = {
    metadata,
    ...(model === undefined ? {} : { model }),
    ...(workload === undefined ? {} : { workload }),
    ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
  }
  const store = openStore(data)
  try {
    return await readCapturedRows(store, filter, group === undefined ? {} : { group })
  } finally {
    await store.close()
  }
}

async function inferFromLabels(loaded: LoadedConfig): Promise<TaskOutput> {
  const { labelled } = loaded.config.data
  if (labelled === undefined) {
    throw new PotstillError(
      'CONFIG_INVALID',
      'task.output is missing, and there are no labelled rows to infer it from',
      {
        hint: 'Give task.output: the path of a JSON Schema, { labels: [...] } or text.',
      },
    )
  }
  const rows = await collectRows(loaded, labelled, 'required')
  return inferOutput(
    rows.map((row) => row.expected as Json),
    rows.map((row) => row.input),
  )
}

async function collectRows(
  { config, folder }: LoadedConfig,
  path: string,
  answers: ReadOptions['answers'],
  task?: Task,
): Promise<Row[]> {
  const options: ReadOptions = {
    inputField: config.task.input,
    contextFields: config.task.context,
    // Only rows that may be split have a group; evaluation files seldom name one.
    ...(path === config.data.evaluation ? {} : { groupField: config.data.group }),
    shownAs: path,
    answers,
    task,
  }
  const rows: Row[] = []
  for await (const row of readRows(resolvePath(folder, path), options)) rows.push(row)
  return rows
}
