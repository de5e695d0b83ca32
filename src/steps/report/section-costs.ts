/** Price and latency of each arm, and after how many calls the student has paid for itself. */
import type { CostLine, ReportData } from '../../core/report-data.ts'
import { duration, usd } from './format.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { armNameOf, scrollBox, section } from './parts.ts'

export function costsSection(data: ReportData): HtmlValue {
  const { costs } = data
  return section(
    'costs',
    'Price and latency',
    html`${costs.lines.length > 0 && scrollBox('Price and latency', costsTable(data))}
      <p class="quiet">${costsNote(data)}</p>
      <h3>Break-even</h3>
      <p>${costs.breakEvenText}</p>
      <p class="quiet">${spentSentence(data)}</p>`,
  )
}

export function costsNote(data: ReportData): string {
  return (
    `Prices as of ${data.costs.pricesAsOf}; processor time at ${usd(data.costs.usdPerCoreHour)} per core and hour. ` +
    'p50 and p95: half of the answers came within the first time, 95 in 100 within the second. Recorded answers have no latency.'
  )
}

export function spentSentence(data: ReportData): string {
  const teacher = data.costs.teacherUsd
  const answers =
    teacher === null
      ? 'an unknown sum for the teacher’s answers'
      : `${usd(teacher)} for the teacher’s answers`
  return `Making this student took ${answers} and ${usd(data.costs.trainingUsd)} for training.`
}

function costsTable(data: ReportData): Html {
  return html`<table>
    <caption>
      What 1,000 calls cost and how long one takes
    </caption>
    <thead>
      <tr>
        <th scope="col">Arm</th>
        <th scope="col" class="figure">Price of 1,000 calls</th>
        <th scope="col">How the price came about</th>
        <th scope="col" class="figure">p50</th>
        <th scope="col" class="figure">p95</th>
      </tr>
    </thead>
    <tbody>
      ${data.costs.lines.map((line) => costRow(data, line))}
    </tbody>
  </table>`
}

function costRow(data: ReportData, line: CostLine): Html {
  return html`<tr class="role-${line.role}">
    <th scope="row">${armNameOf(data, line.arm)}</th>
    <td class="figure">${usd(line.usdPer1000)}</td>
    <td class="words">${line.basis}</td>
    <td class="figure">${duration(line.latencyP50Ms)}</td>
    <td class="figure">${duration(line.latencyP95Ms)}</td>
  </tr>`
}
