/** Accuracy at coverage: what the student scores on the share of rows it is surest of, and both together on all. */
import { scaleLinear } from 'd3-scale'
import type { CoveragePoint, ReportData } from '../../core/report-data.ts'
import { plot } from './chart-plot.ts'
import type { PlotLine, PlotMark } from './chart-plot.ts'
import { capital, percent, roundPercent } from './format.ts'
import type { Html } from './html.ts'
import { armOfRole, pointAtCoverage, pointAtThreshold } from './lookup.ts'
import { metricName } from './words.ts'

/** null where there are fewer than two points: there is no curve then. */
export function coverageChart(data: ReportData): Html | null {
  const points = data.coverage.points
    .filter((point) => Number.isFinite(point.coverage) && Number.isFinite(point.cascadeScore))
    .toSorted((a, b) => a.coverage - b.coverage)
  if (points.length < 2) return null
  const lines = linesOf(data, points)
  const lowest = Math.min(...lines.flatMap((item) => item.points.map((point) => point[1])))
  const x = scaleLinear().domain([0, 1]).range([0, 100])
  const y = scaleLinear()
    .domain([Math.max(0, Math.min(0.98, lowest)), 1])
    .nice(4)
    .range([100, 0])
  return plot({
    id: 'coverage-curve',
    title: 'Accuracy at coverage',
    description: describe(data, points),
    x: {
      position: (value) => x(value),
      ticks: [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => ({ value, label: roundPercent(value) })),
      title: 'Coverage: share of the rows that the student answers itself',
    },
    y: {
      position: (value) => y(value),
      ticks: y.ticks(4).map((value) => ({ value, label: percent(value).replace('.0', '') })),
      title: capital(metricName(data)),
    },
    lines,
    marks: marksOf(data),
  })
}

function linesOf(data: ReportData, points: readonly CoveragePoint[]): readonly PlotLine[] {
  const teacher = armOfRole(data, 'teacher')
  const own = points.filter((point) => point.coverage > 0 && Number.isFinite(point.studentScore))
  const level: PlotLine[] =
    teacher === undefined || !Number.isFinite(teacher.score)
      ? []
      : [
          {
            points: [
              [0, teacher.score],
              [1, teacher.score],
            ],
            look: 'level',
            name: `${teacher.name} alone`,
          },
        ]
  return [
    {
      points: points.map((point) => [point.coverage, point.cascadeScore]),
      look: 'main',
      name: 'student and teacher together, all rows',
    },
    {
      points: own.map((point) => [point.coverage, point.studentScore]),
      look: 'side',
      name: 'student alone, on the rows it answers',
    },
    ...level,
  ]
}

function marksOf(data: ReportData): readonly PlotMark[] {
  const { chosenThreshold, losslessCoverage } = data.coverage
  const chosen = chosenThreshold === null ? undefined : pointAtThreshold(data, chosenThreshold)
  const lossless = losslessCoverage === null ? undefined : pointAtCoverage(data, losslessCoverage)
  const marks: PlotMark[] = []
  if (chosen !== undefined) {
    const name = `chosen threshold, ${percent(chosenThreshold)}`
    marks.push({ x: chosen.coverage, y: chosen.cascadeScore, shape: 'circle', name })
  }
  if (lossless !== undefined) {
    const name = `nothing lost up to ${percent(losslessCoverage)}`
    marks.push({ x: lossless.coverage, y: lossless.cascadeScore, shape: 'diamond', name })
  }
  return marks.filter((mark) => Number.isFinite(mark.x) && Number.isFinite(mark.y))
}

function describe(data: ReportData, points: readonly CoveragePoint[]): string {
  const first = points[0]
  const last = points[points.length - 1]
  return (
    `Student and teacher together score ${percent(first.cascadeScore)} where the student answers ` +
    `${percent(first.coverage)} of ${data.data.evaluationRows} rows, and ${percent(last.cascadeScore)} where it answers ${percent(last.coverage)}.`
  )
}
