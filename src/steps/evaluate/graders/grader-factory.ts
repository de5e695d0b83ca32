/** What each grader's file gives: a Grader from its part of the config and the task. */
import type { GraderConfig } from '../../../core/config.ts'
import type { Grade, Grader } from '../../../core/grader.ts'
import type { Json } from '../../../core/json.ts'
import { valueAt } from '../../../core/json.ts'
import type { GraderTools } from './grade-criterion.ts'
import type { OutputField, ParsedAnswer, Task } from '../../../core/task.ts'

export interface GraderContext {
  readonly task: Task
  readonly parse: (content: string) => ParsedAnswer
  /** For graders that ask models or run code; given when the first of them judges. */
  readonly tools: () => GraderTools
}

export type GraderFactory<Type extends GraderConfig['type']> = (
  config: Extract<GraderConfig, { type: Type }>,
  context: GraderContext,
) => Grader

export function binaryGrade(passed: boolean, claim: string): Grade {
  return { score: passed ? 1 : 0, passed, reason: passed ? claim : `not so: ${claim}` }
}

/** The part of an answer at a dotted path; the whole without one. */
export function part(value: Json | undefined, path: string | undefined): Json | undefined {
  return path === undefined ? value : valueAt(value, path.split('.'))
}

/** The value of one of the task's fields. */
export function fieldValue(value: Json | undefined, field: OutputField): Json | undefined {
  return valueAt(value, field.segments)
}
