/** The parts of the report that look at single rows and values: classes and confusion, worst rows, coverage. */
import { canonicalJson, valueAt, type Json } from '../core/json.ts'
import type { JudgedAnswer } from '../core/measure.ts'
import type { FieldDetail, ReportData, WorstRow } from '../core/report-data.ts'
import type { Row } from '../core/row.ts'
import type { OutputField, Task } from '../core/task.ts'
import { classifyField } from '../statistics/classification.ts'
import {
  coveragePoints,
  losslessCoverage,
  type CascadeRow,
  type ChosenThreshold,
} from '../statistics/coverage.ts'
import type { MeasuredArm } from './measure-arm.ts'

/** Fields with more distinct expected values than this have no classes to speak of. */
const mostClasses = 100
const mostWorstRows = 20
const mostCoveragePoints = 200

/** Fields whose answers are one of a set; quoted strings and free text have no classes. */
export function fieldDetails(task: Task, rows: readonly Row[], student: MeasuredArm): FieldDetail[] {
  return task.fields
    .filter((field) => field.kind === 'enum' || field.kind === 'boolean')
    .flatMap((field) => {
      const expected = rows.map((row) => valueText(row.expected, field))
      if (new Set(expected).size > mostClasses) return []
      const answered = student.answers.map((answer) =>
        answer.value === undefined ? null : valueText(answer.value, field),
      )
      return [classifyField(field.path, expected, answered)]
    })
}

function valueText(value: Json | undefined, field: OutputField): string {
  return canonicalJson(valueAt(value, field.segments) ?? null)
}

/** The student's worst answers, lowest score first, then most confident: a sure mistake is the worse one. */
export function worstRows(
  rows: readonly Row[],
  student: MeasuredArm,
  others: readonly MeasuredArm[],
): WorstRow[] {
  return student.answers
    .map((answer, index) => ({ answer, index }))
    .filter(({ answer }) => answer.score < 1)
    .sort(
      (a, b) => a.answer.score - b.answer.score || (b.answer.confidence ?? 0) - (a.answer.confidence ?? 0),
    )
    .slice(0, mostWorstRows)
    .map(({ answer, index }) => ({
      rowId: answer.rowId,
      input: rows[index].input,
      expected: rows[index].expected ?? null,
      confidence: answer.confidence ?? null,
      wrongFields: Object.keys(answer.correct).filter((path) => !answer.correct[path]),
      answers: [student, ...others].map((arm) => answerOf(arm.arm.name, arm.answers[index])),
    }))
}

function answerOf(arm: string, answer: JudgedAnswer): WorstRow['answers'][number] {
  return { arm, value: answer.value ?? null, ...(answer.fault === undefined ? {} : { fault: answer.fault }) }
}

export function coverageOf(
  student: MeasuredArm,
  teacher: MeasuredArm,
  threshold: ChosenThreshold | null,
  heldOutRows: number,
): ReportData['coverage'] {
  const rows: CascadeRow[] = student.answers.map((answer, index) => ({
    confidence: answer.confidence ?? 0,
    studentScore: answer.score,
    teacherScore: teacher.answers[index].score,
  }))
  const points = coveragePoints(rows)
  const stride = Math.ceil(points.length / mostCoveragePoints)
  return {
    points: points.filter((_, index) => index % stride === 0 || index === points.length - 1),
    chosenThreshold: threshold?.threshold ?? null,
    chosenOn:
      heldOutRows === 0
        ? 'nothing: too few training rows to hold any out'
        : `${heldOutRows} training rows, each answered by a student that had not learned from it`,
    losslessCoverage: losslessCoverage(rows),
  }
}
