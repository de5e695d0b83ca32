/** How the readers refuse: file, line, what is wrong, the value cut short, and what to do. */
import { PotstillError } from '../core/errors.ts'

/** Where in a file: `file` as errors call it, `line` from 1. */
export interface Place {
  readonly file: string
  readonly line: number
}

export function dataFault(place: Place, problem: string, hint: string): PotstillError {
  return new PotstillError('DATA_INVALID', `${place.file}:${place.line}: ${problem}`, { hint })
}

/** A value as JSON text on one line, at most about 80 characters. */
export function show(value: unknown): string {
  const text =
    typeof value === 'string' ? JSON.stringify(cut(value, 100)) : (JSON.stringify(value) ?? 'nothing')
  return cut(text, 80)
}

/** The names of the keys there are, for the reader of an error. */
export function showKeys(keys: readonly string[]): string {
  if (keys.length === 0) return 'none'
  const shown = keys.slice(0, 12).map((key) => cut(key, 40))
  return keys.length > 12 ? `${shown.join(', ')} and ${keys.length - 12} more` : shown.join(', ')
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`
}
