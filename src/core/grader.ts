/** Judges one answer. An error is an outcome of its own, never a pass or a fail. */
import type { Reply } from './chat-model.ts'
import type { Json } from './json.ts'
import type { Row } from './row.ts'

export interface Answer {
  readonly reply: Reply
  /** The parsed answer, or undefined when the text could not be parsed or is not valid for the task. */
  readonly value: Json | undefined
  /** Why `value` is undefined. */
  readonly invalid?: string
}

export type Grade =
  | { readonly score: number; readonly passed: boolean; readonly reason: string }
  | { readonly error: string }

export interface Grader {
  readonly name: string
  /** Waits for others (a model, a process), so that many answers are best judged at once; its errors may pass. */
  readonly waits?: boolean
  grade(row: Row, answer: Answer): Promise<Grade>
}
