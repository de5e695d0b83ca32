/** How training went: loss curves, whether the student learned by heart, and what it turned into. */
import type { TrainProgress } from '../../core/event.ts'
import { isJsonObject } from '../../core/json.ts'
import type { ReportData } from '../../core/report-data.ts'
import { lossChart } from './chart-loss.ts'
import { bytes, count, countOf, elapsed, loss, percent, settingText } from './format.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { curvesByPart, keptEpoch } from './lookup.ts'
import { scrollBox, section } from './parts.ts'

const mostCharts = 8

export function trainingSection(data: ReportData): Html {
  const curves = curvesByPart(data)
  const charts = curves
    .slice(0, mostCharts)
    .map(([part, curve], index) => lossChart(`loss-${index}`, part, curve))
  return section(
    'training',
    'Training',
    html`<p>${trainingSentence(data)}</p>
      ${data.training.worth !== null && html`<p>${data.training.worth}</p>`}
      <p>${data.training.overfitting.text}</p>
      ${
        curves.length > 0 &&
        html`<p class="quiet">${lossMeaning(data)}</p>
          <div class="panels wide">${charts}</div>`
      }
      ${curves.length > 0 && curvesTable(curves)} ${detailsList(data)}`,
  )
}

export function trainingSentence(data: ReportData): string {
  const { training, data: rows } = data
  const heldOut =
    rows.validationRows > 0 ? `, ${countOf(rows.validationRows, 'row')} held out for validation` : ''
  const stopped = training.interrupted ? '; ended before its time, the best epoch up to then kept' : ''
  return `A ${training.kind} student learned from ${countOf(rows.trainingRows, 'row')}${heldOut}, in ${elapsed(training.seconds)}${stopped}. It weighs ${bytes(training.sizeBytes)}.`
}

export function lossMeaning(data: ReportData): string {
  const meaning = 'Loss: how surprised the student is by the right answer; lower is better.'
  const { heldOutBy } = data.training
  if (heldOutBy === 'nothing')
    return `${meaning} No rows were held out, so only the loss on its own rows is known.`
  return `${meaning} Loss on held-out rows, which it does not learn from, tells what it is worth on new ones; held out here: ${heldOutBy}.`
}

function curvesTable(curves: ReturnType<typeof curvesByPart>): Html {
  return html`<details>
    <summary>The curves in figures</summary>
    ${scrollBox(
      'Training curves',
      html`<table>
        <caption>
          Epoch by epoch
        </caption>
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col" class="figure">Epoch</th>
            <th scope="col" class="figure">Training loss</th>
            <th scope="col" class="figure">Held-out loss</th>
            <th scope="col" class="figure">Held-out rows right</th>
          </tr>
        </thead>
        <tbody>
          ${curves.flatMap(([part, curve]) => curve.map((point) => curveRow(part, point, point === keptEpoch(curve))))}
        </tbody>
      </table>`,
    )}
  </details>`
}

function curveRow(part: string, point: TrainProgress, kept: boolean): Html {
  return html`<tr>
    <th scope="row">${part}</th>
    <td class="figure">${count(point.epoch)}${kept && html` <span class="badge">kept</span>`}</td>
    <td class="figure">${loss(point.trainLoss)}</td>
    <td class="figure">${loss(point.validationLoss)}</td>
    <td class="figure">${percent(point.validationAccuracy)}</td>
  </tr>`
}

/** What the student's kind says of itself, one line a setting; groups are taken apart. */
export function settingLines(data: ReportData): readonly (readonly [string, string])[] {
  return Object.entries(data.training.details).flatMap(([name, value]) =>
    isJsonObject(value)
      ? Object.entries(value).map(([key, item]) => [`${name}, ${key}`, settingText(item)] as const)
      : [[name, settingText(value)] as const],
  )
}

function detailsList(data: ReportData): HtmlValue {
  const lines = settingLines(data)
  if (lines.length === 0) return null
  return html`<details>
    <summary>Settings and sizes of the student</summary>
    ${scrollBox(
      'Settings and sizes',
      html`<table class="settings">
        <caption>
          Settings and sizes
        </caption>
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          ${lines.map(
            ([name, value]) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="words">${value}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </details>`
}
