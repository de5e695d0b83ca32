/** Finds in the report's data what several sections speak of: the student, the replaced arm, the teacher. */
import type { Arm, ArmRole, Comparison } from '../../core/measure.ts'
import type { CoveragePoint, ReportData } from '../../core/report-data.ts'

export function armOfRole(data: ReportData, role: ArmRole): Arm | undefined {
  return data.arms.find((arm) => arm.role === role)
}

/** The arm whose place the student would take. */
export function replacedArm(data: ReportData): Arm | undefined {
  return data.arms.find((arm) => arm.name === data.verdict.replaces)
}

/** What the verdict would have you serve: the student with the teacher behind it, or the student alone. */
export function candidateArm(data: ReportData): Arm | undefined {
  const cascade = data.verdict.verdict === 'ship_with_fallback' ? armOfRole(data, 'cascade') : undefined
  return cascade ?? armOfRole(data, 'after')
}

export function comparisonOf(data: ReportData, first?: Arm, second?: Arm): Comparison | undefined {
  if (first === undefined || second === undefined) return undefined
  return data.comparisons.find((item) => item.first === first.name && item.second === second.name)
}

/** "recorded" or, for a cascade with a recorded teacher behind it, "teacher recorded"; else null. */
export function recordedLabel(data: ReportData, arm: Pick<Arm, 'role' | 'source'>): string | null {
  if (arm.source === 'recorded') return 'recorded'
  const behind = arm.role === 'cascade' ? armOfRole(data, 'teacher') : undefined
  return behind?.source === 'recorded' ? 'teacher recorded' : null
}

/** The same by the arm's name, for lines that only carry the name. */
export function recordedLabelOf(data: ReportData, name: string): string | null {
  const arm = data.arms.find((item) => item.name === name)
  return arm === undefined ? null : recordedLabel(data, arm)
}

/** Whole answers are one value: accuracy and exact match are the same figure. */
export function isOneValue(data: ReportData): boolean {
  return data.task.output !== 'text' && data.task.fields.length <= 1
}

/** The point of the curve at a threshold: the lowest measured threshold that is not below it. */
export function pointAtThreshold(data: ReportData, threshold: number): CoveragePoint | undefined {
  const above = data.coverage.points.filter((point) => point.threshold >= threshold - 1e-9)
  return above.toSorted((a, b) => a.threshold - b.threshold)[0]
}

/** The measured point nearest to a coverage. */
export function pointAtCoverage(data: ReportData, coverage: number): CoveragePoint | undefined {
  const gapTo = (point: CoveragePoint): number => Math.abs(point.coverage - coverage)
  return data.coverage.points.toSorted((a, b) => gapTo(a) - gapTo(b))[0]
}

/** The epoch that was kept: the last one that was the best so far. */
export function keptEpoch<Point extends { readonly best: boolean }>(
  curve: readonly Point[],
): Point | undefined {
  return curve.findLast((point) => point.best)
}

/** Training curves by part, in the order in which the parts were trained. */
export function curvesByPart(
  data: ReportData,
): readonly (readonly [string, ReportData['training']['curves']])[] {
  const parts = [...new Set(data.training.curves.map((point) => point.part))]
  return parts.map((part) => {
    const curve = data.training.curves.filter((point) => point.part === part)
    return [part, curve.toSorted((a, b) => a.epoch - b.epoch)]
  })
}
