/** The confusion matrix as a table whose cells are tinted: blue where right, orange where wrong. */
import { classText, countOf, shorten } from './format.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import type { FieldDetail } from '../../core/report-data.ts'

export interface Confusion {
  readonly expected: string
  readonly answered: string
  readonly rows: number
}

/** Wrong pairs, most frequent first. */
export function topConfusions(confusion: FieldDetail['confusion'], limit: number): readonly Confusion[] {
  const pairs = confusion.values.flatMap((expected, i) =>
    confusion.values.map((answered, j) => ({
      expected: classText(expected),
      answered: classText(answered),
      rows: i === j ? 0 : (confusion.counts[i]?.[j] ?? 0),
    })),
  )
  return pairs
    .filter((pair) => pair.rows > 0)
    .toSorted((a, b) => b.rows - a.rows)
    .slice(0, limit)
}

export function heatTable(path: string, confusion: FieldDetail['confusion']): Html {
  const names = confusion.values.map(classText)
  return html`<table class="heat">
    <caption>
      Expected value down, the student's answer across; each cell counts rows
    </caption>
    <thead>
      <tr>
        <th scope="col">${path}</th>
        ${names.map((name) => html`<th scope="col" class="turned"><span title="${name}">${shorten(name, 24)}</span></th>`)}
      </tr>
    </thead>
    <tbody>
      ${names.map((name, i) => heatRow(name, names, confusion.counts[i] ?? [], i))}
    </tbody>
  </table>`
}

function heatRow(name: string, names: readonly string[], counts: readonly number[], i: number): Html {
  const total = counts.reduce((sum, value) => sum + value, 0)
  return html`<tr>
    <th scope="row" title="${name}">${shorten(name, 24)}</th>
    ${names.map((answered, j) => heatCell(counts[j] ?? 0, total, i === j, `${name} answered as ${answered}`))}
  </tr>`
}

function heatCell(rows: number, total: number, right: boolean, pair: string): Html {
  if (!(rows > 0)) return html`<td class="${right ? 'right' : ''} h0">${right ? '0' : '·'}</td>`
  const level = Math.max(1, Math.min(5, Math.ceil((rows / total) * 5)))
  return html`<td class="${right ? 'right' : 'wrong'} h${level}" title="${pair}: ${countOf(rows, 'row')}">
    ${rows}
  </td>`
}
