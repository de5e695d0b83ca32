/** From imported rows to data files, a schema and a config that runs: decides, and writes nothing. */
import { createAnswerParser, renderAnswer } from '../../core/answer.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import { inferOutput } from '../../core/infer-schema.ts'
import { outputFields } from '../../core/output-fields.ts'
import { rowKey } from '../../core/row.ts'
import type { Task, TaskOutput } from '../../core/task.ts'
import { importedConfig } from './imported-config.ts'
import type { Imported, ImportedRow, LeftOut } from './imported-row.ts'
import { teacherRows, type PlannedRow, type PlannedRows } from './planned-rows.ts'

export interface ImportPlan {
  /** Relative paths to contents, the config among them. */
  readonly files: ReadonlyMap<string, string>
  readonly labelled: number
  readonly unlabelled: number
  readonly evaluation: number
  /** What was left out after reading: other answers to the same input, answers that are not like the others. */
  readonly leftOut: readonly LeftOut[]
  /** What a person should know or decide, sentence by sentence. */
  readonly notes: readonly string[]
}

/** `name` is the config's. Nothing comes of no rows: an empty plan has no files. */
export function planImport(imported: Imported, name: string): ImportPlan {
  const leftOut = new Map<string, LeftOut>()
  const notes: string[] = []
  const { rows, prompt } = ofOnePrompt(imported.rows, leftOut, notes)
  const output = findOutput(rows, notes)
  const task: Task = { name, input: 'input', prompt, output, fields: outputFields(output) }
  const planned = separate(onlyValid(rows, task, leftOut), leftOut)
  const config = importedConfig({ task, rows: planned, evals: imported.evals, notes })
  return {
    files: rows.length === 0 ? new Map() : filesOf(task, planned, config),
    labelled: planned.labelled.length,
    unlabelled: planned.answered.length + planned.open.length,
    evaluation: planned.evaluation.length,
    leftOut: [...leftOut.values()],
    notes,
  }
}

/** One task has one prompt: where most rows that have one have the same, the others are another task. */
function ofOnePrompt(
  rows: readonly ImportedRow[],
  leftOut: Map<string, LeftOut>,
  notes: string[],
): { readonly rows: readonly ImportedRow[]; readonly prompt: string } {
  const counts = new Map<string, number>()
  for (const { system } of rows) if (system !== null) counts.set(system, (counts.get(system) ?? 0) + 1)
  const prompted = rows.filter(({ system }) => system !== null).length
  const [prompt, most] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), ['', 0])
  if (counts.size < 2) return { rows, prompt }
  if (most * 2 < prompted) {
    notes.push(
      `The system messages differ from row to row (${counts.size} of them): none was taken as the prompt. Write task.prompt yourself.`,
    )
    return { rows, prompt: '' }
  }
  const fits = (row: ImportedRow): boolean => row.system === null || row.system === prompt
  return { rows: rows.filter((row) => fits(row) || leave(leftOut, 'another system message', row)), prompt }
}

/** The schema that answers were held to, else what they have in common. */
function findOutput(rows: readonly ImportedRow[], notes: string[]): TaskOutput {
  const answered = rows.filter((row) => row.answer !== undefined)
  const schemas = new Map(
    rows.flatMap(({ schema }) => (schema === undefined ? [] : [[JSON.stringify(schema), schema]])),
  )
  if (schemas.size === 1) return { kind: 'json', schema: [...schemas.values()][0] }
  if (answered.length === 0) {
    notes.push('No row has an answer: the output is taken to be text. Give task.output a schema or labels.')
    return { kind: 'text' }
  }
  const objects = answered.map((row) => ({ row, value: objectOf(row.answer as Json) })).filter(hasValue)
  if (objects.length * 10 >= answered.length * 9) {
    return inferOutput(
      objects.map(({ value }) => value),
      objects.map(({ row }) => row.input),
    )
  }
  return inferOutput(
    answered.map(({ answer }) => (typeof answer === 'string' ? answer : JSON.stringify(answer))),
    answered.map(({ input }) => input),
  )
}

function hasValue<Row>(found: {
  row: Row
  value: JsonObject | null
}): found is { row: Row; value: JsonObject } {
  return found.value !== null
}

function objectOf(answer: Json): JsonObject | null {
  if (typeof answer !== 'string') return isJsonObject(answer) ? answer : null
  try {
    const value: unknown = JSON.parse(answer.replace(/^\s*```(?:json)?\s*\n([\s\S]*?)\n?\s*```\s*$/u, '$1'))
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}

/** Answers in the form in which the task gives them. */
function onlyValid(
  rows: readonly ImportedRow[],
  task: Task,
  leftOut: Map<string, LeftOut>,
): readonly PlannedRow[] {
  const parse = createAnswerParser(task)
  return rows.flatMap((row) => {
    const key = rowKey(row.input, row.history)
    if (row.answer === undefined) return [{ ...row, key }]
    const text = typeof row.answer === 'string' ? row.answer : renderAnswer(task, row.answer)
    const parsed = parse(text)
    if ('value' in parsed) return [{ ...row, key, answer: parsed.value }]
    leave(leftOut, 'an answer that is not like the others', row)
    return []
  })
}

/** Rows by what they are for; one input has one answer. */
function separate(rows: readonly PlannedRow[], leftOut: Map<string, LeftOut>): PlannedRows {
  const first = new Map<string, PlannedRow>()
  // A person's answer counts for more than a model's, any answer for more than none.
  const rank = (row: PlannedRow): number =>
    row.answer === undefined ? 2 : row.answeredBy === undefined ? 0 : 1
  for (const row of [...rows].sort((a, b) => rank(a) - rank(b))) {
    const known = first.get(row.key)
    if (known === undefined) first.set(row.key, row)
    else if (JSON.stringify(known.answer) === JSON.stringify(row.answer))
      leave(leftOut, 'the same row again', row)
    else
      leave(
        leftOut,
        row.answer === undefined ? 'the same row again' : 'another answer to the same input',
        row,
      )
  }
  const unique = rows.filter((row) => first.get(row.key) === row)
  const labels = unique.filter((row) => row.answer !== undefined && row.answeredBy === undefined)
  const answered = unique.filter((row) => row.answer !== undefined && row.answeredBy !== undefined)
  const isEval = ({ kind }: PlannedRow): boolean => kind === 'eval item' || kind === 'eval output item'
  const others = labels.filter((row) => !isEval(row)).length + answered.length
  return {
    labelled: others === 0 ? labels : labels.filter((row) => !isEval(row)),
    answered,
    open: unique.filter((row) => row.answer === undefined),
    evaluation: others === 0 ? [] : labels.filter(isEval),
  }
}

function filesOf(task: Task, rows: PlannedRows, config: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  const add = (path: string, lines: readonly JsonObject[]): void => {
    if (lines.length > 0) files.set(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  }
  add(
    'data/labelled.jsonl',
    rows.labelled.map((row) => chatLine(row, task)),
  )
  add(
    'data/evaluation.jsonl',
    rows.evaluation.map((row) => chatLine(row, task)),
  )
  const asked = rows.answered.length > 0 ? rows.answered : rows.open
  add(
    'data/unlabelled.jsonl',
    asked.map((row) => chatLine({ ...row, answer: undefined }, task)),
  )
  if (asked !== rows.open)
    add(
      'data/unanswered.jsonl',
      rows.open.map((row) => chatLine(row, task)),
    )
  add(
    'recorded/teacher.jsonl',
    teacherRows(rows).map((row) => recordLine(row, task)),
  )
  if (task.output.kind === 'json') {
    files.set('schema.json', `${JSON.stringify(task.output.schema, null, 2)}\n`)
  }
  if (task.prompt !== '') files.set('prompt.md', `${task.prompt}\n`)
  files.set('potstill.yaml', config)
  return files
}

function chatLine(row: PlannedRow, task: Task): JsonObject {
  const { id, history, input, answer } = row
  const messages: JsonObject[] = [
    ...history.map(({ role, content }) => ({ role, content })),
    { role: 'user', content: input },
  ]
  if (answer !== undefined) messages.push({ role: 'assistant', content: renderAnswer(task, answer) })
  return { ...(id === undefined ? {} : { id }), messages }
}

function recordLine({ input, answer, answeredBy }: PlannedRow, task: Task): JsonObject {
  const known = answeredBy !== undefined && answeredBy !== 'unknown'
  return {
    input,
    answer: renderAnswer(task, answer as Json),
    ...(known ? { pricedAs: answeredBy.includes('/') ? answeredBy : `openai/${answeredBy}` } : {}),
  }
}

/** Counts a row as left out; false, for filters. */
function leave(leftOut: Map<string, LeftOut>, reason: string, { place }: ImportedRow): boolean {
  const known = leftOut.get(reason)
  leftOut.set(reason, { reason, count: (known?.count ?? 0) + 1, first: known?.first ?? place })
  return false
}
