/** Rows (inputs, with or without an expected answer) and examples (what a student learns from). */
import type { Message } from './chat-model.ts'
import { hashJson, hashText } from './hash.ts'
import type { Json } from './json.ts'
import { normaliseText } from './normalise.ts'

/** An earlier turn of a conversation. */
export interface Turn extends Message {
  /** 1: an answer that a language model learns from too, as training files in chat lines mean it. */
  readonly weight?: 1
}

export interface Row {
  /** The file's own id where it has one, else the first 12 digits of `key`. */
  readonly id: string
  /** SHA-256 of the normalised input (see `rowKey`): rows with the same key are the same row. */
  readonly key: string
  /** What the model reads: context fields as `name=value` lines, then the text of the input field. */
  readonly input: string
  /** The context lines at the start of `input`, the line break after them included; absent where there are none. */
  readonly context?: string
  /** Earlier turns of a conversation, when the data had them. */
  readonly history?: readonly Turn[]
  readonly expected?: Json
  /** Rows of one group (conversation, document) stay on one side of every split. */
  readonly group: string
  readonly source: { readonly file: string; readonly line: number }
}

/** Probability of each value of one field; values as canonical JSON text; sums to 1. */
export type ValueDistribution = Readonly<Record<string, number>>

export interface Example {
  readonly row: Row
  readonly output: Json
  readonly origin: 'labelled' | 'teacher'
  /** The call-log key of the reply that gave the output, when a paid model did. */
  readonly callKey?: string
  /** Soft labels by field path, from log-probabilities or votes; the fields that have none are one-hot. */
  readonly soft?: Readonly<Record<string, ValueDistribution>>
}

/** SHA-256 of the normalised input, 64 hexadecimal digits; earlier turns count where there are any. */
export function rowKey(input: string, history: readonly Message[] = []): string {
  if (history.length === 0) return hashText(normaliseText(input))
  const turns = history.map(({ role, content }) => [role, normaliseText(content)])
  return hashJson([...turns, ['user', normaliseText(input)]])
}
