/** A CSV cell as the value that its column means: by the task's field, or guessed from the whole column. */
import type { Json } from '../core/json.ts'
import type { OutputField } from '../core/task.ts'
import { dataFault, show, type Place } from './fault.ts'
import type { RawRecord } from './raw-record.ts'

/**
 * Empty is null where the field may be null, absent (undefined) where it may be left out, an empty list for
 * lists and "" for strings. Lists and nested values are JSON text.
 */
export function typeCell(cell: string, field: OutputField, place: Place): Json | undefined {
  if (cell === '' && field.nullable) return null
  if (cell === '' && field.optional) return undefined
  switch (field.kind) {
    case 'enum':
      return field.values?.find((value) => String(value) === cell) ?? cell
    case 'boolean':
      if (/^true$/iu.test(cell)) return true
      if (/^false$/iu.test(cell)) return false
      throw dataFault(place, `${field.path} must be true or false, got ${show(cell)}`, 'Correct the cell.')
    case 'number':
      if (isNumber(cell)) return Number(cell)
      throw dataFault(place, `${field.path} must be a number, got ${show(cell)}`, 'Correct the cell.')
    case 'strings':
    case 'json':
      return cell === '' && field.kind === 'strings' ? [] : parseCell(cell, field.path, place)
    default:
      return cell
  }
}

export type ColumnKind = 'boolean' | 'number' | 'json' | 'string'

/** What every non-empty cell of a column can be read as. "007" and "1.0" are strings: as numbers they change. */
export async function guessColumnKinds(
  records: AsyncIterable<RawRecord>,
): Promise<ReadonlyMap<string, ColumnKind>> {
  const kinds = new Map<string, ColumnKind>()
  for await (const { value, untyped } of records) {
    if (!untyped) break
    for (const [name, cell] of Object.entries(value)) {
      if (cell === '') continue
      const kind = kindOf(cell as string)
      kinds.set(name, (kinds.get(name) ?? kind) === kind ? kind : 'string')
    }
  }
  return kinds
}

/** Empty is null. */
export function guessCell(cell: string, kind: ColumnKind | undefined): Json {
  if (cell === '') return null
  if (kind === 'boolean') return cell.toLowerCase() === 'true'
  if (kind === 'number') return Number(cell)
  return kind === 'json' ? (JSON.parse(cell) as Json) : cell
}

function kindOf(cell: string): ColumnKind {
  if (/^(?:true|false)$/iu.test(cell)) return 'boolean'
  if (String(Number(cell)) === cell && Number.isFinite(Number(cell))) return 'number'
  return /^[[{]/u.test(cell) && isJson(cell) ? 'json' : 'string'
}

function isNumber(cell: string): boolean {
  return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/iu.test(cell) && Number.isFinite(Number(cell))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function parseCell(cell: string, path: string, place: Place): Json {
  try {
    return JSON.parse(cell) as Json
  } catch {
    throw dataFault(place, `${path} must be JSON text, got ${show(cell)}`, 'Write lists as ["one", "two"].')
  }
}
