/** Data files to rows: whichever of the known shapes each record has. */
import type { Json, JsonObject } from '../core/json.ts'
import { rowKey, type Row } from '../core/row.ts'
import { dataFault, show, showKeys, type Place } from './fault.ts'
import { createAnswerFinder, createAnswerGuesser, type AnswerFinder } from './find-answer.ts'
import { findQuestion, isChat, type Question, type QuestionOptions } from './find-question.ts'
import type { RawRecord } from './raw-record.ts'
import { readRecords, type RecordOptions } from './read-records.ts'
import { guessColumnKinds, type ColumnKind } from './typed-cell.ts'

export interface ReadOptions extends RecordOptions, QuestionOptions {
  /** Names the rows that belong together; "group" or "conversation" where absent. */
  readonly groupField?: string
  /** `required`: a row without one is refused. `ignored`: not looked for. `optional` by default. */
  readonly answers?: 'required' | 'optional' | 'ignored'
}

/**
 * Streams a file's rows. Shapes: the input under `inputField` with the answer under "expected", "output",
 * "answer" or "completion" or in one key or column a field; "prompt" and "completion"; OpenAI's chat lines;
 * OpenAI's preference lines. @throws DATA_NOT_FOUND, DATA_EMPTY, DATA_INVALID with file, line, value and hint.
 */
export async function* readRows(file: string, options: ReadOptions): AsyncGenerator<Row, void> {
  const reader = await createReader(file, options)
  for await (const record of readRecords(file, options)) yield reader.read(record)
  reader.finish()
}

interface Reader {
  read(record: RawRecord): Row
  /** @throws DATA_INVALID for a named field that no row has. */
  finish(): void
}

async function createReader(file: string, options: ReadOptions): Promise<Reader> {
  const shown = options.shownAs ?? file
  const answers = await createFinder(file, options)
  const ids = new Map<string, { readonly line: number; readonly key: string }>()
  const missing = new Set([
    ...(options.contextFields ?? []),
    ...(options.groupField === undefined ? [] : [options.groupField]),
  ])
  let keys: readonly string[] = []
  return {
    read(record) {
      const place = { file: shown, line: record.line }
      const row = toRow(record, options, answers, place)
      refuseReusedId(row, record.value, ids)
      for (const name of missing)
        if (Object.hasOwn(record.value, name) || isChat(record.value)) missing.delete(name)
      if (keys.length === 0) keys = Object.keys(record.value)
      return row
    },
    finish() {
      for (const name of missing) {
        const hint = `Correct the name in the config; the first row has: ${showKeys(keys)}.`
        throw dataFault({ file: shown, line: 1 }, `no row has a field ${show(name)}`, hint)
      }
    },
  }
}

async function createFinder(file: string, options: ReadOptions): Promise<AnswerFinder | null> {
  if (options.answers === 'ignored') return null
  const required = options.answers === 'required'
  if (options.task !== undefined) return createAnswerFinder(options.task, required)
  const columns = required
    ? await guessColumnKinds(readRecords(file, options))
    : new Map<string, ColumnKind>()
  return createAnswerGuesser(columns, required)
}

function toRow(record: RawRecord, options: ReadOptions, finder: AnswerFinder | null, place: Place): Row {
  const { value } = record
  const question = findQuestion(value, options, place)
  const group = findGroup(value, options)
  const expected = findExpected(record, question, group.key, options, finder, place)
  const context = contextLines(value, question, options, place)
  const input = context + question.input
  const key = rowKey(input, question.history)
  const { history } = question
  return {
    id: readId(value, place) ?? key.slice(0, 12),
    key,
    input,
    ...(context === '' ? {} : { context }),
    ...(history.length === 0 ? {} : { history }),
    ...(expected === undefined ? {} : { expected }),
    group: group.value ?? (history.length === 0 ? key : rowKey(history[0].content)),
    source: place,
  }
}

function findExpected(
  record: RawRecord,
  question: Question,
  groupKey: string | null,
  options: ReadOptions,
  finder: AnswerFinder | null,
  place: Place,
): Json | undefined {
  if (finder === null) return undefined
  if (question.answer !== undefined) return finder.read(question.answer, place)
  const names = [question.key, groupKey].filter((name) => name !== null)
  const taken = new Set(['id', ...names, ...(options.contextFields ?? [])])
  const expected = question.key === null ? undefined : finder.find(record, taken, place)
  if (expected === undefined && options.answers === 'required') {
    const hint = `Give "expected", or one column a field; there are: ${showKeys(Object.keys(record.value))}.`
    throw dataFault(place, 'no expected answer', hint)
  }
  return expected
}

/** The context fields as `name=value` lines, each with its line break. Chat messages may come without them. */
function contextLines(value: JsonObject, question: Question, options: ReadOptions, place: Place): string {
  return (options.contextFields ?? [])
    .filter((name) => question.key !== null || Object.hasOwn(value, name))
    .map((name) => `${name}=${contextText(value[name], name, place)}\n`)
    .join('')
}

function contextText(value: Json | undefined, name: string, place: Place): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map((item: Json) => contextText(item, name, place)).join(',')
  if (typeof value !== 'object') return String(value)
  throw dataFault(
    place,
    `${name} must be text, a number or a list of them, got ${show(value)}`,
    'Flatten it.',
  )
}

function findGroup(
  value: JsonObject,
  options: ReadOptions,
): { readonly key: string | null; readonly value?: string } {
  const { groupField, task } = options
  const names = groupField === undefined ? ['group', 'conversation'] : [groupField]
  const key = names.find(
    (name) => Object.hasOwn(value, name) && !task?.fields.some(({ path }) => path === name),
  )
  if (key === undefined) return { key: null }
  const group = value[key]
  if (typeof group === 'number' || (typeof group === 'string' && group !== ''))
    return { key, value: String(group) }
  return { key }
}

function readId(value: JsonObject, place: Place): string | undefined {
  const { id } = value
  if (id === undefined || id === null || id === '') return undefined
  if (typeof id === 'string' || typeof id === 'number') return String(id)
  throw dataFault(place, `id must be text or a number, got ${show(id)}`, 'Correct the id, or leave it out.')
}

/** Ids lead from answers back to rows, so one id names one input. */
function refuseReusedId(
  row: Row,
  value: JsonObject,
  ids: Map<string, { readonly line: number; readonly key: string }>,
): void {
  if (value.id === undefined) return
  const first = ids.get(row.id)
  if (first === undefined) ids.set(row.id, { line: row.source.line, key: row.key })
  else if (first.key !== row.key) {
    const hint = 'Give each row an id of its own, or none.'
    throw dataFault(row.source, `id ${show(row.id)} is that of line ${first.line}, whose input differs`, hint)
  }
}
