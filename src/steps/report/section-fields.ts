/** Field by field: every arm as a dot with its interval, and where the student confuses one value with another. */
import type { Arm, FieldScore } from '../../core/measure.ts'
import type { ClassScore, FieldDetail, ReportData } from '../../core/report-data.ts'
import { heatTable, topConfusions } from './chart-heat.ts'
import type { Confusion } from './chart-heat.ts'
import { shareScale, strip, stripAxis } from './chart-strip.ts'
import type { StripScale } from './chart-strip.ts'
import { classText, count, countOf, percent, percentRange, roundPercent } from './format.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { armName, list, scrollBox, section } from './parts.ts'

const mostClasses = 100
const smallMatrix = 12

export const classMeanings =
  'How the student does on each value. Recall: of the rows that have the value, the share where the student says so. ' +
  'Precision: of the rows where the student says so, the share that have it. F1 is low when either of them is.'

export function fieldsSection(data: ReportData): HtmlValue {
  const paths = [...new Set(data.arms.flatMap((arm) => arm.fields.map((item) => item.path)))]
  const details = data.fields.filter((item) => item.classes.length > 0)
  if (paths.length === 0 && details.length === 0) return null
  return section(
    'fields',
    paths.length > 1 ? 'Field by field' : 'Value by value',
    html`${paths.length > 1 && panels(data, paths)} ${details.length > 0 && html`<p>${classMeanings}</p>`}
    ${details.map(fieldDetails)}`,
  )
}

function panels(data: ReportData, paths: readonly string[]): Html {
  const scores = paths.map((path) => ({ path, arms: armsWithField(data, path) }))
  const scale = shareScale(
    scores.flatMap(({ arms }) => arms.flatMap(({ score }) => [score.interval, ...presentInterval(score)])),
  )
  return html`<p>
      The share of rows on which each arm gave the expected value of the field. A failed or invalid answer
      counts as wrong on every field. Dots further right are better.
    </p>
    <div class="panels">${scores.map(({ path, arms }) => panel(data, path, arms, scale))}</div>`
}

interface ArmField {
  readonly arm: Arm
  readonly score: FieldScore
}

function armsWithField(data: ReportData, path: string): readonly ArmField[] {
  return data.arms.flatMap((arm) =>
    arm.fields.filter((item) => item.path === path).map((score) => ({ arm, score })),
  )
}

function presentInterval(score: FieldScore): readonly FieldScore['interval'][] {
  return score.whenPresent === undefined ? [] : [score.whenPresent.interval]
}

function panel(data: ReportData, path: string, arms: readonly ArmField[], scale: StripScale): Html {
  const present = arms.filter(({ score }) => score.whenPresent !== undefined)
  return html`<table class="panel">
    <caption>
      <code>${path}</code>
    </caption>
    <thead class="axis-row">
      <tr>
        <th scope="col"><span class="unseen">Arm</span></th>
        <th scope="col" class="chart">
          <span class="unseen">Accuracy</span>${stripAxis(scale, roundPercent)}
        </th>
        <th scope="col"><span class="unseen">Per cent</span></th>
      </tr>
    </thead>
    <tbody>
      ${arms.map(({ arm, score }) => panelRow(data, arm, score.accuracy, score.interval, scale))}
    </tbody>
    ${
      present.length > 0 &&
      html`<tbody>
        <tr>
          <th scope="rowgroup" colspan="3" class="group">
            On the ${countOf(present[0].score.whenPresent?.rows, 'row')} where it is not null
          </th>
        </tr>
        ${present.map(({ arm, score }) => score.whenPresent !== undefined && panelRow(data, arm, score.whenPresent.accuracy, score.whenPresent.interval, scale))}
      </tbody>`
    }
  </table>`
}

function panelRow(
  data: ReportData,
  arm: Arm,
  accuracy: number,
  interval: FieldScore['interval'],
  scale: StripScale,
): Html {
  const title = `${arm.name}: ${percent(accuracy)}, 95 % interval ${percentRange(interval)}`
  return html`<tr class="role-${arm.role}">
    <th scope="row">${armName(data, arm)}</th>
    <td class="chart" title="${title}">${strip(scale, accuracy, interval, arm.role, title)}</td>
    <td class="figure">${percent(accuracy)}</td>
  </tr>`
}

function fieldDetails(detail: FieldDetail): Html {
  const confusions = topConfusions(detail.confusion, 8)
  const small = detail.confusion.values.length <= smallMatrix
  const matrix = confusionMatrix(detail)
  return html`<details>
    <summary>
      <code>${detail.path}</code>: ${countOf(detail.classes.length, 'value')},
      ${summaryOf(confusions.length, detail)}
    </summary>
    <div class="two">
      <div>${classTable(detail)}</div>
      <div>${small ? matrix : confusionList(confusions)}</div>
    </div>
    ${!small && matrix}
  </details>`
}

function summaryOf(wrongPairs: number, detail: FieldDetail): string {
  if (wrongPairs === 0) return 'no value taken for another'
  const [worst] = topConfusions(detail.confusion, 1)
  return `most often ${worst.expected} taken for ${worst.answered} (${countOf(worst.rows, 'row')})`
}

function classTable(detail: FieldDetail): Html {
  const shown = detail.classes.slice(0, mostClasses)
  return html`${scrollBox(
    `Values of ${detail.path}`,
    html`<table>
      <caption>
        The student, value by value
      </caption>
      <thead>
        <tr>
          <th scope="col">Value</th>
          <th scope="col" class="figure">Rows</th>
          <th scope="col" class="figure">Precision</th>
          <th scope="col" class="figure">Recall</th>
          <th scope="col" class="figure">F1</th>
        </tr>
      </thead>
      <tbody>
        ${shown.map(classRow)}
      </tbody>
    </table>`,
  )}
  ${detail.classes.length > shown.length && html`<p class="quiet">${countOf(detail.classes.length - shown.length, 'more value')} in report.json.</p>`}`
}

function classRow(item: ClassScore): Html {
  return html`<tr>
    <th scope="row">${classText(item.value)}</th>
    <td class="figure">${count(item.rows)}</td>
    <td class="figure">${percent(item.precision)}</td>
    <td class="figure">${percent(item.recall)}</td>
    <td class="figure">${percent(item.f1)}</td>
  </tr>`
}

function confusionList(confusions: readonly Confusion[]): HtmlValue {
  if (confusions.length === 0) return null
  return html`<p>Taken for another most often:</p>
    ${list(
      confusions.map(
        (item) =>
          html`${countOf(item.rows, 'row')}: ${item.expected} <span class="arrow">→</span> ${item.answered}`,
      ),
    )}`
}

function confusionMatrix(detail: FieldDetail): HtmlValue {
  const size = detail.confusion.values.length
  if (size === 0) return null
  if (size > mostClasses)
    return html`<p class="quiet">The whole matrix of ${size} values is in report.json.</p>`
  return scrollBox(`Confusion matrix of ${detail.path}`, heatTable(detail.path, detail.confusion))
}
