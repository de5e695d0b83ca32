/** The student with the teacher behind it, put together from answers that are already there: nothing is asked again. */
import type { JudgedAnswer } from '../../core/measure.ts'

/** Row by row the student's answer where its confidence reaches the threshold, else the teacher's, paid for both. */
export function cascadeAnswers(
  student: readonly JudgedAnswer[],
  teacher: readonly JudgedAnswer[],
  threshold: number,
): readonly JudgedAnswer[] {
  return student.map((answer, index) => {
    if ((answer.confidence ?? 0) >= threshold) return { ...answer, answeredBy: 'student' }
    const { confidence: _, ...behind } = teacher[index]
    return {
      ...behind,
      latencyMs: sum(answer.latencyMs, behind.latencyMs),
      priceUsd: sum(answer.priceUsd, behind.priceUsd),
      answeredBy: 'teacher',
    }
  })
}

/** Unknown plus anything is unknown. */
function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}
