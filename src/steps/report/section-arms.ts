/** The before/after table, the arms compared in pairs, and the graders' own figures. */
import type { Arm, Comparison } from '../../core/measure.ts'
import type { ReportData } from '../../core/report-data.ts'
import { differenceScale, shareScale, strip, stripAxis } from './chart-strip.ts'
import type { StripScale } from './chart-strip.ts'
import {
  capital,
  count,
  countOf,
  duration,
  percent,
  percentRange,
  pointsRange,
  roundPercent,
  signedPoints,
  usd,
} from './format.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { isOneValue } from './lookup.ts'
import { armName, armNameOf, list, scrollBox, section, shareCell } from './parts.ts'
import {
  comparisonSentence,
  intervalMeaning,
  mcNemarMeaning,
  metricName,
  roleLabels,
  roleMeanings,
  rowsSentence,
  winsSentence,
} from './words.ts'

export function armsSection(data: ReportData): Html {
  return section(
    'arms',
    'Before and after',
    html`<p>${rowsSentence(data)} ${intervalMeaning}.</p>
      ${armsTable(data)}
      <p class="quiet">${columnMeanings(data)}</p>
      ${gradersTable(data)} ${comparisons(data)}`,
  )
}

function columnMeanings(data: ReportData): string {
  const exact = isOneValue(data) ? '' : 'Exact match: the whole answer is as expected. '
  return `${exact}Valid: the answer keeps to the output that the task asks for. Time of an answer: the middle one of all answers; recorded answers have none.`
}

function armsTable(data: ReportData): Html {
  const scale = shareScale(data.arms.map((arm) => arm.interval))
  const exact = !isOneValue(data)
  return scrollBox(
    'Before and after',
    html`<table class="arms">
      <caption>
        All arms on the same rows
      </caption>
      <thead>
        <tr>
          <th scope="col">Arm</th>
          <th scope="col" class="figure">${capital(metricName(data))}</th>
          <th scope="col" class="chart">with its 95 % interval${stripAxis(scale, roundPercent)}</th>
          ${exact && html`<th scope="col" class="figure">Exact match</th>`}
          <th scope="col" class="figure">Valid</th>
          <th scope="col" class="figure">Price of 1,000 calls</th>
          <th scope="col" class="figure">Time of an answer</th>
        </tr>
      </thead>
      <tbody>
        ${data.arms.map((arm) => armRow(data, arm, scale, exact))}
      </tbody>
    </table>`,
  )
}

function armRow(data: ReportData, arm: Arm, scale: StripScale, exact: boolean): Html {
  const title = `${arm.name}: ${percent(arm.score)}, 95 % interval ${percentRange(arm.interval)}`
  return html`<tr class="role-${arm.role}">
    <th scope="row">
      ${armName(data, arm)}
      <small title="${roleMeanings[arm.role]}"
        >${roleLabels[arm.role]} · <span class="model">${arm.model}</span></small
      >
      ${arm.failed > 0 && html`<small class="bad">${countOf(arm.failed, 'call')} failed, counted as wrong</small>`}
    </th>
    ${shareCell(arm.score, arm.interval)}
    <td class="chart">${strip(scale, arm.score, arm.interval, arm.role, title)}</td>
    ${exact && shareCell(arm.exactMatch, arm.exactMatchInterval)}
    <td class="figure">${percent(arm.valid)}</td>
    <td class="figure">${usd(arm.priceUsdPer1000)}</td>
    <td class="figure">${duration(arm.latencyP50Ms)}</td>
  </tr>`
}

function gradersTable(data: ReportData): HtmlValue {
  const lines = data.arms.flatMap((arm) => arm.graders.map((grader) => ({ arm, grader })))
  if (lines.length === 0) return null
  const table = html`<table>
    <caption>
      What each grader gave; an error of a grader is neither a pass nor a fail
    </caption>
    <thead>
      <tr>
        <th scope="col">Grader</th>
        <th scope="col">Arm</th>
        <th scope="col" class="figure">Mean grade</th>
        <th scope="col" class="figure">Passed</th>
        <th scope="col" class="figure">Errors</th>
      </tr>
    </thead>
    <tbody>
      ${lines.map(
        ({ arm, grader }) =>
          html`<tr>
            <th scope="row">${grader.name}</th>
            <td>${armName(data, arm)}</td>
            ${shareCell(grader.mean, grader.interval)}
            <td class="figure">${count(grader.passed)}</td>
            <td class="figure">${count(grader.errors)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
  const open = data.task.output === 'text'
  return open
    ? html`<h3>Grader by grader</h3>
        ${scrollBox('Graders', table)}`
    : html`<details>
        <summary>Grader by grader</summary>
        ${scrollBox('Graders', table)}
      </details>`
}

function comparisons(data: ReportData): HtmlValue {
  if (data.comparisons.length === 0) return null
  const margin = -data.verdict.marginPoints / 100
  const scale = differenceScale(
    data.comparisons.map((item) => item.interval),
    [margin],
  )
  return html`<h3>Side by side</h3>
    <p>
      Two arms are compared row by row, which tells more than their two totals. The solid line is no
      difference; the dashed line is the margin that the verdict allows.
    </p>
    ${scrollBox(
      'Side by side',
      html`<table class="pairs">
        <caption>
          First arm minus second, in points of ${metricName(data)}
        </caption>
        <thead>
          <tr>
            <th scope="col">Pair</th>
            <th scope="col" class="figure">Points</th>
            <th scope="col" class="chart">with the 95 % interval${stripAxis(scale, tickPoints)}</th>
          </tr>
        </thead>
        <tbody>
          ${data.comparisons.map((item) => pairRow(data, item, scale, margin))}
        </tbody>
      </table>`,
    )}
    ${list(data.comparisons.map((item) => html`${comparisonSentence(item)} ${winsSentence(item)}`))}
    <p class="quiet">${mcNemarMeaning}.</p>`
}

function tickPoints(difference: number): string {
  return signedPoints(difference).replace(/\.0$/, '')
}

function pairRow(data: ReportData, item: Comparison, scale: StripScale, margin: number): Html {
  const marks = [
    { value: 0, className: 'zero' },
    { value: margin, className: 'margin' },
  ]
  const title = `${item.first} minus ${item.second}: ${signedPoints(item.difference)} points, 95 % interval ${pointsRange(item.interval)}`
  return html`<tr>
    <th scope="row">${armNameOf(data, item.first)}<small>minus ${armNameOf(data, item.second)}</small></th>
    <td class="figure">${signedPoints(item.difference)}<small>${pointsRange(item.interval)}</small></td>
    <td class="chart">${strip(scale, item.difference, item.interval, 'difference', title, marks)}</td>
  </tr>`
}
