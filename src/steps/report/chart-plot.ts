/**
 * The frame of a line chart: axes, lines, marks, legend. Text keeps its size on every screen, because only the
 * lines are stretched (a nested drawing without fixed proportions) and all else is placed by per cent.
 */
import { line } from 'd3-shape'
import { html } from './html.ts'
import type { Html } from './html.ts'

interface PlotAxis {
  /** Where a value lies, in per cent from the left or from the top. */
  readonly position: (value: number) => number
  readonly ticks: readonly { readonly value: number; readonly label: string }[]
  readonly title: string
}

export interface PlotLine {
  readonly points: readonly (readonly [x: number, y: number])[]
  /** Look of the line: "main", "side" (dashed) or "level" (dotted). */
  readonly look: 'main' | 'side' | 'level'
  readonly name: string
}

export interface PlotMark {
  readonly x: number
  readonly y: number
  readonly shape: 'circle' | 'diamond'
  readonly name: string
}

export interface Plot {
  /** Unique in the page. */
  readonly id: string
  readonly title: string
  /** What the chart shows, for those who do not see it. */
  readonly description: string
  readonly x: PlotAxis
  readonly y: PlotAxis
  readonly lines: readonly PlotLine[]
  readonly marks: readonly PlotMark[]
}

export function plot(chart: Plot): Html {
  return html`<figure class="plot">
    <figcaption>${chart.title}</figcaption>
    <ul class="legend">
      ${chart.lines.map((item) => html`<li>${lineSwatch(item)} ${item.name}</li>`)}
      ${chart.marks.map((item) => html`<li>${markSwatch(item)} ${item.name}</li>`)}
    </ul>
    <div class="axis-title">${chart.y.title}</div>
    <div class="frame">
      <svg role="img" aria-labelledby="${chart.id}-title ${chart.id}-text" width="100%" height="230">
        <title id="${chart.id}-title">${chart.title}</title>
        <desc id="${chart.id}-text">${chart.description}</desc>
        ${gridOf(chart)}
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">
          ${chart.lines.map((item) => pathOf(chart, item))}
        </svg>
        ${chart.marks.map((mark) => markOf(mark, `${chart.x.position(mark.x)}%`, `${chart.y.position(mark.y)}%`))}
      </svg>
    </div>
    <div class="axis-title centre">${chart.x.title}</div>
  </figure>`
}

function gridOf(chart: Plot): Html {
  const x = chart.x.position
  const y = chart.y.position
  return html`${chart.y.ticks.map(
      (tick) =>
        html`<line class="grid" x1="0" x2="100%" y1="${y(tick.value)}%" y2="${y(tick.value)}%" />
          <text x="-8" y="${y(tick.value)}%" dy=".34em" text-anchor="end">${tick.label}</text>`,
    )}
    ${chart.x.ticks.map(
      (tick) =>
        html`<line class="grid" x1="${x(tick.value)}%" x2="${x(tick.value)}%" y1="100%" y2="100%" />
          <text x="${x(tick.value)}%" y="100%" dy="18" text-anchor="middle">${tick.label}</text>`,
    )} <line class="base" x1="0" x2="100%" y1="100%" y2="100%" />`
}

function pathOf(chart: Plot, item: PlotLine): Html {
  const draw = line<readonly [number, number]>()
    .x((point) => chart.x.position(point[0]))
    .y((point) => chart.y.position(point[1]))
    .digits(2)
  return html`<path
    class="line ${item.look}"
    vector-effect="non-scaling-stroke"
    d="${draw([...item.points])}"
  />`
}

function markOf(mark: Pick<PlotMark, 'shape'>, x: string, y: string): Html {
  // A shape at a per-cent position needs a drawing of its own: paths know no per cent.
  return html`<svg x="${x}" y="${y}" overflow="visible">
    ${mark.shape === 'circle' ? html`<circle class="mark" r="5.5" />` : html`<path class="mark" d="M0 -7 7 0 0 7 -7 0Z" />`}
  </svg>`
}

function lineSwatch(item: Pick<PlotLine, 'look'>): Html {
  return html`<svg class="swatch" aria-hidden="true" width="26" height="10">
    <path class="line ${item.look}" d="M1 5H25" />
  </svg>`
}

function markSwatch(mark: Pick<PlotMark, 'shape'>): Html {
  return html`<svg class="swatch" aria-hidden="true" width="16" height="16">${markOf(mark, '8', '8')}</svg>`
}
