/** Judges one answer: parsed, compared field by field with the expected one, and graded. */
import type { Reply } from '../../core/chat-model.ts'
import type { Grader } from '../../core/grader.ts'
import { equalJson, valueAt, type Json } from '../../core/json.ts'
import type { JudgedAnswer } from '../../core/measure.ts'
import type { Row } from '../../core/row.ts'
import type { ParsedAnswer, Task } from '../../core/task.ts'

export interface Judge {
  readonly task: Task
  readonly parse: (content: string) => ParsedAnswer
  readonly graders: readonly Grader[]
  /** What a row's score is. */
  readonly score: 'fields' | 'graders'
}

/** A failed call (`fault`) or a refusal is wrong on every field. */
export async function judge(
  row: Row,
  outcome: Reply | { readonly fault: string },
  judge: Judge,
): Promise<JudgedAnswer> {
  if ('fault' in outcome) return judgeFailure(row, outcome.fault, judge)
  const parsed: ParsedAnswer =
    outcome.refusal === undefined ? judge.parse(outcome.content) : { invalid: `refused: ${outcome.refusal}` }
  const value = 'value' in parsed ? parsed.value : undefined
  const fault = 'invalid' in parsed ? parsed.invalid : undefined
  const correct = compareFields(judge.task, row.expected, value)
  const grades: Record<string, number | null> = {}
  const passed: Record<string, boolean> = {}
  for (const grader of judge.graders) {
    const grade = await grader.grade(row, {
      reply: outcome,
      value,
      ...(fault === undefined ? {} : { invalid: fault }),
    })
    grades[grader.name] = 'error' in grade ? null : grade.score
    if (!('error' in grade)) passed[grader.name] = grade.passed
  }
  return {
    rowId: row.id,
    rowKey: row.key,
    content: outcome.content,
    ...(value === undefined ? {} : { value }),
    ...(fault === undefined ? {} : { fault }),
    correct,
    score: judge.score === 'graders' ? meanGrade(grades) : meanOf(Object.values(correct).map(Number)),
    exact: Object.values(correct).every(Boolean),
    grades,
    ...(judge.graders.length === 0 ? {} : { passed }),
    ...(outcome.confidence === undefined ? {} : { confidence: outcome.confidence }),
    latencyMs: outcome.latencyMs,
    priceUsd: outcome.priceUsd,
  }
}

function judgeFailure(row: Row, fault: string, { task, graders }: Judge): JudgedAnswer {
  return {
    rowId: row.id,
    rowKey: row.key,
    content: null,
    fault,
    correct: compareFields(task, row.expected, undefined),
    score: 0,
    exact: false,
    grades: Object.fromEntries(graders.map((grader) => [grader.name, 0])),
    latencyMs: null,
    priceUsd: null,
  }
}

/** Without a valid answer every field is wrong, also those whose expected key is absent. */
function compareFields(
  task: Task,
  expected: Json | undefined,
  value: Json | undefined,
): Record<string, boolean> {
  return Object.fromEntries(
    task.fields.map(({ path, segments }) => [
      path,
      value !== undefined && equalJson(valueAt(value, segments), valueAt(expected, segments)),
    ]),
  )
}

/** Mean field accuracy of one answer, 0..1. */
export function scoreValue(task: Task, expected: Json, value: Json): number {
  return meanOf(Object.values(compareFields(task, expected, value)).map(Number))
}

/** Mean of the graders that came to a judgement; 0 when none did. */
function meanGrade(grades: Readonly<Record<string, number | null>>): number {
  return meanOf(Object.values(grades).filter((grade) => grade !== null))
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
