/** Finds a record's expected answer, whole or in one column a field, and reads it as the task means it. */
import { createAnswerParser, renderAnswer } from '../core/answer.ts'
import { isJsonObject, valueAt, type Json, type JsonObject } from '../core/json.ts'
import type { OutputField, ParsedAnswer, Task } from '../core/task.ts'
import { dataFault, showKeys, type Place } from './fault.ts'
import type { RawRecord } from './raw-record.ts'
import { guessCell, typeCell, type ColumnKind } from './typed-cell.ts'

/** Under which key a whole answer may stand, first found first taken. */
const answerKeys = ['expected', 'output', 'answer', 'completion'] as const

export interface AnswerFinder {
  /** The expected answer, or undefined where the record has none. `taken` are keys with another meaning. */
  find(record: RawRecord, taken: ReadonlySet<string>, place: Place): Json | undefined
  /** Reads an answer that stood by itself. @throws DATA_INVALID where it is none of the task's. */
  read(answer: Json, place: Place): Json
}

/**
 * For a known task: answers are checked against it, and one that is not valid is refused. Where every row must
 * have an answer that is one value, the one key without another meaning holds it, whatever its name.
 */
export function createAnswerFinder(task: Task, required: boolean): AnswerFinder {
  const parse = createAnswerParser(task)
  const read = (answer: Json, place: Place, keys?: readonly string[]): Json => {
    const parsed = readAnswer(task, answer, parse)
    if ('value' in parsed) return parsed.value
    const there = keys === undefined ? '' : ` (there are: ${showKeys(keys)})`
    throw dataFault(
      place,
      `the expected answer is not valid: ${parsed.invalid}${there}`,
      'Correct the row, or the schema.',
    )
  }
  return {
    read,
    find({ value, untyped }, taken, place) {
      const fields = task.fields.filter(({ path }) => !taken.has(path))
      const reserved = new Set([...taken, ...fields.map(({ path, segments }) => segments[0] ?? path)])
      const whole = wholeAnswer(value, reserved)
      if (whole !== undefined) return read(whole, place)
      const parts = untyped ? fromCells(value, fields, required, place) : fromKeys(value, fields)
      if (parts !== null) {
        const lean = assemble(parts, false)
        const valid = 'value' in parse(renderAnswer(task, lean))
        return read(valid ? lean : assemble(parts, true), place, Object.keys(value))
      }
      const others = Object.keys(value).filter((key) => !reserved.has(key))
      const alone = required && task.output.kind !== 'json' && others.length === 1 && value[others[0]] !== ''
      return alone ? read(value[others[0]], place) : undefined
    },
  }
}

/**
 * For a task whose output is still to be inferred: text that is a JSON object is taken as one. Where every row
 * must have an answer and there is no whole one, all keys without another meaning are its fields, or a lone
 * "label" the answer itself.
 */
export function createAnswerGuesser(
  columns: ReadonlyMap<string, ColumnKind>,
  required: boolean,
): AnswerFinder {
  const read = (answer: Json): Json => (typeof answer === 'string' ? (parseObject(answer) ?? answer) : answer)
  return {
    read,
    find({ value, untyped }, taken) {
      const whole = wholeAnswer(value, taken)
      if (whole !== undefined) return read(whole)
      const entries = Object.entries(value)
        .filter(([key]) => !taken.has(key))
        .map(([key, item]): [string, Json] => [
          key,
          untyped ? guessCell(item as string, columns.get(key)) : item,
        ])
      if (!required || entries.every(([, item]) => item === null)) return undefined
      return entries.length === 1 && entries[0][0] === 'label' ? entries[0][1] : Object.fromEntries(entries)
    },
  }
}

function wholeAnswer(value: JsonObject, reserved: ReadonlySet<string>): Json | undefined {
  const key = answerKeys.find((name) => Object.hasOwn(value, name) && !reserved.has(name))
  const answer = key === undefined ? undefined : value[key]
  return answer === null || answer === '' ? undefined : answer
}

/** A string may be the reply's text or, where the whole answer is one string, the value itself. */
function readAnswer(task: Task, answer: Json, parse: (content: string) => ParsedAnswer): ParsedAnswer {
  if (typeof answer !== 'string') return parse(renderAnswer(task, answer))
  const parsed = parse(answer)
  if ('value' in parsed || task.output.kind !== 'json') return parsed
  const asValue = parse(JSON.stringify(answer))
  return 'value' in asValue ? asValue : parsed
}

type Parts = readonly (readonly [OutputField, Json | undefined])[]

/** Null where there is no answer: no column of it, or every cell empty and that not an answer either. */
function fromCells(
  value: JsonObject,
  fields: readonly OutputField[],
  required: boolean,
  place: Place,
): Parts | null {
  const present = fields.filter(({ path }) => Object.hasOwn(value, path))
  const mayBeEmpty =
    required && present.length > 0 && present.every(({ nullable, optional }) => nullable || optional)
  if (!mayBeEmpty && present.every(({ path }) => value[path] === '')) return null
  return present.map((field) => [field, typeCell(value[field.path] as string, field, place)])
}

/** Nested as the answer is, or under dotted keys. */
function fromKeys(value: JsonObject, fields: readonly OutputField[]): Parts | null {
  const parts = fields.map((field): [OutputField, Json | undefined] => {
    const { path, segments } = field
    const keys = segments.length > 0 ? segments : [path]
    return [field, Object.hasOwn(value, path) ? value[path] : valueAt(value, keys)]
  })
  return parts.every(([, item]) => item === undefined) ? null : parts
}

/** With `emptyObjects`, the objects around absent fields are there: a schema may require them. */
function assemble(parts: Parts, emptyObjects: boolean): Json {
  const answer: { [key: string]: Json } = {}
  for (const [{ segments }, value] of parts) {
    if (segments.length === 0 && value !== undefined) return value
    if (value !== undefined || emptyObjects) put(answer, segments, value)
  }
  return answer
}

function put(
  target: { [key: string]: Json },
  [key, ...rest]: readonly string[],
  value: Json | undefined,
): void {
  if (rest.length > 0) {
    if (!Object.hasOwn(target, key)) target[key] = {}
    put(target[key] as { [key: string]: Json }, rest, value)
  } else if (value !== undefined) {
    target[key] = value
  }
}

function parseObject(text: string): JsonObject | null {
  if (!text.trimStart().startsWith('{')) return null
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}
