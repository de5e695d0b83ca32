/** Small pieces of markup that several sections use: a scrolling box, an arm's name, a figure with its interval. */
import type { Arm, Interval } from '../../core/measure.ts'
import type { ReportData } from '../../core/report-data.ts'
import { percent, percentRange } from './format.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { recordedLabel, recordedLabelOf } from './lookup.ts'

/** Wide content scrolls inside its box, never the page; the keyboard reaches it. */
export function scrollBox(label: string, content: HtmlValue): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`
}

export function section(id: string, title: string, content: HtmlValue): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${content}
  </section>`
}

function badge(label: string | null): HtmlValue {
  return label !== null && html` <span class="badge">${label}</span>`
}

export function armName(data: ReportData, arm: Arm): Html {
  return html`<span class="arm">${arm.name}</span>${badge(recordedLabel(data, arm))}`
}

export function armNameOf(data: ReportData, name: string): Html {
  return html`<span class="arm">${name}</span>${badge(recordedLabelOf(data, name))}`
}

export function shareCell(share: number | null, interval?: Interval): Html {
  const range = interval !== undefined && html`<small>${percentRange(interval)}</small>`
  return html`<td class="figure">${percent(share)}${range}</td>`
}

export function list(items: readonly HtmlValue[], className = ''): Html {
  return html`<ul class="${className}">
    ${items.map((item) => html`<li>${item}</li>`)}
  </ul>`
}
