/** What the student saves: price and latency by arm, and the volume from which it pays. */
import type { Config } from '../core/config.ts'
import type { Arm } from '../core/measure.ts'
import type { CostLine, ReportData } from '../core/report-data.ts'
import { breakEven } from '../statistics/break-even.ts'

export interface CostInputs {
  readonly arms: readonly Arm[]
  readonly replaced: Arm
  readonly student: Arm
  readonly config: Config
  /** What the teacher's answers to the unlabelled rows cost, or would have; null when unknown. */
  readonly teacherUsd: number | null
  readonly trainingSeconds: number
  readonly pricesAsOf: string
}

export function costsOf(inputs: CostInputs): ReportData['costs'] {
  const { arms, replaced, student, config, teacherUsd, trainingSeconds, pricesAsOf } = inputs
  const { usdPerCoreHour } = config.machine
  const trainingUsd = (trainingSeconds / 3600) * usdPerCoreHour
  const volume = breakEven({
    teacherUsd,
    trainingUsd,
    replacedUsdPer1000: replaced.priceUsdPer1000,
    studentUsdPer1000: student.priceUsdPer1000,
  })
  return {
    lines: arms.map(costLine),
    usdPerCoreHour,
    teacherUsd,
    trainingUsd,
    breakEvenCalls: volume.calls,
    breakEvenText: volume.text,
    pricesAsOf,
  }
}

function costLine(arm: Arm): CostLine {
  return {
    arm: arm.name,
    role: arm.role,
    usdPer1000: arm.priceUsdPer1000,
    basis: arm.priceBasis,
    latencyP50Ms: arm.latencyP50Ms,
    latencyP95Ms: arm.latencyP95Ms,
  }
}
