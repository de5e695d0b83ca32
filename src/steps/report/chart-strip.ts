/** A dot with its interval on one line, for a table cell. Widths are per cent, so that it fits any cell. */
import { scaleLinear } from 'd3-scale'
import type { ArmRole, Interval } from '../../core/measure.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'

export interface StripScale {
  /** Where a value lies, in per cent of the width. */
  readonly position: (value: number) => number
  readonly ticks: readonly number[]
  /** The tick that is labelled in any case. */
  readonly anchor: number
}

/** One scale for all that is drawn below each other: shares, never beyond 0 and 1. */
export function shareScale(intervals: readonly Interval[]): StripScale {
  const ends = intervals.flat().filter(Number.isFinite)
  const low = Math.max(0, Math.min(1, ...ends))
  const padded = Math.max(0, Math.min(low - (1 - low) * 0.05, 0.95))
  const [start] = scaleLinear().domain([padded, 1]).nice(4).domain()
  return stripScale(Math.max(0, start), 1, 1)
}

/** A scale for differences, zero and all of `include` within it. */
export function differenceScale(intervals: readonly Interval[], include: readonly number[]): StripScale {
  const ends = [...intervals.flat(), ...include, 0].filter(Number.isFinite)
  const low = Math.min(...ends)
  const high = Math.max(...ends)
  const padding = Math.max((high - low) * 0.06, 0.002)
  const [start, end] = scaleLinear()
    .domain([low - padding, high + padding])
    .nice(4)
    .domain()
  return stripScale(start, end, 0)
}

function stripScale(low: number, high: number, anchor: number): StripScale {
  const scale = scaleLinear().domain([low, high]).range([0, 100]).clamp(true)
  return {
    position: (value) => Math.round((Number.isFinite(value) ? scale(value) : 0) * 100) / 100,
    ticks: scale.ticks(4),
    anchor,
  }
}

export interface StripMark {
  readonly value: number
  readonly className: string
}

/** `title` says in words what the dot and its whisker show. */
export function strip(
  scale: StripScale,
  value: number,
  interval: Interval,
  role: ArmRole | 'difference',
  title: string,
  marks: readonly StripMark[] = [],
): Html {
  const at = scale.position
  return html`<svg class="strip role-${role}" role="img" aria-label="${title}" width="100%" height="22">
    ${scale.ticks.map((tick) => html`<line class="grid" x1="${at(tick)}%" x2="${at(tick)}%" y1="0" y2="22" />`)}
    ${marks.map((mark) => html`<line class="${mark.className}" x1="${at(mark.value)}%" x2="${at(mark.value)}%" y1="0" y2="22" />`)}
    <line class="whisker" x1="${at(interval[0])}%" x2="${at(interval[1])}%" y1="11" y2="11" />
    <line class="cap" x1="${at(interval[0])}%" x2="${at(interval[0])}%" y1="7" y2="15" />
    <line class="cap" x1="${at(interval[1])}%" x2="${at(interval[1])}%" y1="7" y2="15" />
    ${Number.isFinite(value) && html`<circle class="dot" cx="${at(value)}%" cy="11" r="4.5" />`}
  </svg>`
}

/** The scale's figures, to stand above a column of strips: not more of them than there is room for. */
export function stripAxis(scale: StripScale, label: (value: number) => string): Html {
  const step = Math.ceil(scale.ticks.length / 3)
  const anchor = scale.ticks.indexOf(scale.anchor)
  const shown = scale.ticks.filter((_, index) => (index - anchor) % step === 0)
  return html`<svg class="strip axis" aria-hidden="true" width="100%" height="16">
    ${shown.map((tick) => html`<text x="${scale.position(tick)}%" y="12" text-anchor="middle">${label(tick)}</text>`)}
  </svg>`
}
