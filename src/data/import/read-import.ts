/** Reads files whatever they hold: stored completions, fine-tuning files, exported evals and data sets. */
import { messageOf } from '../../core/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Place } from '../fault.ts'
import type { RawRecord } from '../raw-record.ts'
import { readRecords, type RecordOptions } from '../read-records.ts'
import { guessColumnKinds } from '../typed-cell.ts'
import type { FieldNames } from './find-fields.ts'
import type { Imported, ImportedEval, ImportedRow, LeftOut } from './imported-row.ts'
import { recognise } from './recognise.ts'

interface Found {
  readonly rows: ImportedRow[]
  readonly evals: ImportedEval[]
  readonly counts: Record<string, number>
  readonly leftOut: Map<string, LeftOut>
}

/**
 * Records that cannot be rows are counted with their reason, and the next one is read. @throws DATA_NOT_FOUND,
 * DATA_EMPTY, and DATA_INVALID for a file that is none (another encoding, an archive, CSV that does not hold).
 */
export async function readImport(
  files: readonly string[],
  names: FieldNames = {},
  options: Pick<RecordOptions, 'open'> = {},
): Promise<Imported> {
  const found: Found = { rows: [], evals: [], counts: {}, leftOut: new Map() }
  const records = await Promise.all(files.map((file) => collect(file, options, found)))
  for (const each of records) takeEvals(each.records, found)
  const criteria = found.evals.flatMap((each) => each.criteria)
  for (const { records: list, columns } of records) {
    for (const { record, place } of list) {
      try {
        const row = recognise(record, { ...names, criteria, columns }, place)
        found.rows.push(row)
        count(found, row.kind)
      } catch (error) {
        leaveOut(found, withoutPlace(messageOf(error), place), place)
      }
    }
  }
  return { rows: found.rows, evals: found.evals, found: found.counts, leftOut: [...found.leftOut.values()] }
}

interface Located {
  readonly record: RawRecord
  readonly place: Place
}

interface Collected {
  readonly records: Located[]
  readonly columns: Awaited<ReturnType<typeof guessColumnKinds>>
}

async function collect(file: string, options: Pick<RecordOptions, 'open'>, found: Found): Promise<Collected> {
  const onFault = (fault: unknown, line: number): void => {
    const place = { file, line }
    leaveOut(found, withoutPlace(messageOf(fault), place).replace(/^not JSON.*$/su, 'not JSON'), place)
  }
  const records: Located[] = []
  for await (const record of readRecords(file, { ...options, onFault })) {
    const place = { file, line: record.line }
    records.push(...unwrap(record.value).map((value) => ({ record: { ...record, value }, place })))
  }
  const untyped = records.filter(({ record }) => record.untyped).map(({ record }) => record)
  return { records, columns: await guessColumnKinds(each(untyped)) }
}

async function* each(records: readonly RawRecord[]): AsyncGenerator<RawRecord> {
  yield* records
}

/** A page of a list has its items; a run that carries its data has its rows. */
function unwrap(value: JsonObject): readonly JsonObject[] {
  if (value.object === 'list' && Array.isArray(value.data)) {
    return (value.data as readonly Json[]).filter(isJsonObject).flatMap(unwrap)
  }
  const source = isJsonObject(value.data_source) ? value.data_source.source : undefined
  if (value.object === 'eval.run') {
    const content =
      isJsonObject(source) && Array.isArray(source.content) ? (source.content as readonly Json[]) : []
    return content.filter(isJsonObject)
  }
  return [value]
}

/** Takes evals out of the records: they say how to judge, and are no rows. */
function takeEvals(records: Located[], found: Found): void {
  const others = records.filter(({ record: { value } }) => {
    const { testing_criteria: criteria, name } = value
    if (!Array.isArray(criteria)) return true
    found.evals.push({
      name: typeof name === 'string' ? name : 'eval',
      criteria: criteria as readonly Json[],
    })
    count(found, 'eval')
    return false
  })
  records.splice(0, records.length, ...others)
}

function count({ counts }: Found, kind: string): void {
  counts[kind] = (counts[kind] ?? 0) + 1
}

function leaveOut({ leftOut }: Found, reason: string, place: Place): void {
  const known = leftOut.get(reason)
  leftOut.set(reason, { reason, count: (known?.count ?? 0) + 1, first: known?.first ?? place })
}

function withoutPlace(message: string, { file, line }: Place): string {
  const place = `${file}:${line}: `
  return message.startsWith(place) ? message.slice(place.length) : message
}
