/** The training curves of one part of the student: loss on its rows and on held-out rows, epoch by epoch. */
import { scaleLinear } from 'd3-scale'
import type { TrainProgress } from '../../core/event.ts'
import { plot } from './chart-plot.ts'
import type { PlotLine, PlotMark } from './chart-plot.ts'
import { decimal } from './format.ts'
import type { Html } from './html.ts'
import { keptEpoch } from './lookup.ts'

/** `curve` is one part's, in the order of its epochs; null where there is no line to draw. */
export function lossChart(id: string, part: string, curve: readonly TrainProgress[]): Html | null {
  const lines = linesOf(curve)
  if (lines.length === 0) return null
  const points = lines.flatMap((item) => item.points)
  const x = epochScale(points.map((point) => point[0]))
  const y = scaleLinear()
    .domain([0, Math.max(...points.map((point) => point[1]), 1e-9)])
    .nice(4)
    .range([100, 0])
  return plot({
    id,
    title: part,
    description: describe(part, curve),
    x: {
      position: x.position,
      ticks: x.ticks.map((value) => ({ value, label: String(value) })),
      title: 'Epoch',
    },
    y: {
      position: (value) => y(value),
      ticks: y.ticks(4).map((value) => ({ value, label: decimal(value) })),
      title: 'Loss',
    },
    lines,
    marks: marksOf(curve),
  })
}

function linesOf(curve: readonly TrainProgress[]): readonly PlotLine[] {
  const train = finitePoints(curve.map((point) => [point.epoch, point.trainLoss]))
  const heldOut = finitePoints(curve.map((point) => [point.epoch, point.validationLoss]))
  return [
    { points: heldOut, look: 'main' as const, name: 'held-out rows' },
    { points: train, look: 'side' as const, name: 'training rows' },
  ].filter((item) => item.points.length > 0)
}

function finitePoints(points: readonly (readonly [number, number | null])[]): (readonly [number, number])[] {
  return points.filter((point): point is readonly [number, number] => Number.isFinite(point[1]))
}

function epochScale(epochs: readonly number[]): {
  readonly position: (value: number) => number
  readonly ticks: readonly number[]
} {
  const first = Math.min(...epochs)
  const last = Math.max(...epochs)
  if (first === last) return { position: () => 50, ticks: [first] }
  const scale = scaleLinear().domain([first, last]).range([0, 100])
  const between = scale.ticks(5).filter((tick) => Number.isInteger(tick))
  return { position: (value) => scale(value), ticks: between }
}

/** Without held-out rows no epoch was chosen, and none is marked. */
function marksOf(curve: readonly TrainProgress[]): readonly PlotMark[] {
  const kept = keptEpoch(curve)
  const loss = kept?.validationLoss ?? null
  if (kept === undefined || loss === null || !Number.isFinite(loss)) return []
  return [{ x: kept.epoch, y: loss, shape: 'circle', name: `epoch ${kept.epoch}, the one kept` }]
}

function describe(part: string, curve: readonly TrainProgress[]): string {
  const last = curve[curve.length - 1]
  const kept = keptEpoch(curve)
  const heldOut =
    last.validationLoss === null ? 'no held-out rows' : `${decimal(last.validationLoss)} on held-out rows`
  const best = kept === undefined ? '' : ` Epoch ${kept.epoch} is kept.`
  return `${part}: the loss over ${curve.length} epochs ends at ${decimal(last.trainLoss)} on training rows, ${heldOut}.${best}`
}
