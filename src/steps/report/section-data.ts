/** Where the training rows came from, what curation removed and why, and how the values are balanced. */
import type { ClassShare } from '../../core/curation.ts'
import type { ReportData } from '../../core/report-data.ts'
import { bar } from './chart-bars.ts'
import { classText, count, countOf, decimal, percent, usd } from './format.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { list, scrollBox, section } from './parts.ts'
import { reasonLabels } from './words.ts'

const mostValues = 20
const mostLeaks = 200

export function dataSection(data: ReportData): Html {
  const { curation } = data
  return section(
    'data',
    'Training data',
    html`<p>${generationSentence(data)}</p>
      <p>${curationSentence(data)}</p>
      ${curation.warnings.length > 0 && list(curation.warnings, 'warnings')}
      ${curation.removed.length > 0 && scrollBox('What curation removed', removedTable(data))} ${leaks(data)}
      ${balance(curation.balance)}`,
  )
}

export function generationSentence(data: ReportData): string {
  const { generation } = data
  const labelled =
    data.data.labelledRows > 0
      ? `People had labelled ${countOf(data.data.labelledRows, 'row')}.`
      : 'No rows labelled by people were given.'
  if (generation.asked === 0) return `The teacher was given no inputs to answer. ${labelled}`
  const label = generation.source === 'recorded' ? ' (recorded)' : ''
  const failed = generation.failed > 0 ? `, ${count(generation.failed)} failed` : ''
  const logged =
    generation.fromCallLog > 0
      ? `; ${count(generation.fromCallLog)} came from the call log and were not paid for again`
      : ''
  const cost =
    generation.usd === null ? 'at an unknown price' : `for ${usd(generation.usd)} (${generation.usdBasis})`
  return `${generation.model}${label} answered ${count(generation.answered)} of ${countOf(generation.asked, 'input')}${failed}, ${cost}${logged}. ${labelled}`
}

/** " Placeholders stand for 12 email and 3 phone values in them." */
function maskedSentence({ curation: { masked } }: ReportData): string {
  if (masked === undefined) return ''
  const parts = Object.entries(masked).map(([kind, values]) => `${count(values)} ${kind}`)
  return ` Placeholders stand for personal data in them, by kind of value: ${parts.join(', ')}.`
}

export function curationSentence(data: ReportData): string {
  const { candidates, kept, removed } = data.curation
  const gone = removed.reduce((sum, item) => sum + item.rows, 0)
  const fate = gone === 0 ? 'nothing had to be removed' : `${countOf(gone, 'row was', 'rows were')} removed`
  return `Of ${countOf(candidates, 'candidate row')} curation kept ${count(kept)}; ${fate}.${maskedSentence(data)}`
}

function removedTable(data: ReportData): Html {
  const { removed, candidates } = data.curation
  const most = Math.max(1, ...removed.map((item) => item.rows))
  return html`<table>
    <caption>
      What curation removed, and why
    </caption>
    <thead>
      <tr>
        <th scope="col">Reason</th>
        <th scope="col" class="figure">Rows</th>
        <th scope="col" class="chart"><span class="unseen">As a bar</span></th>
        <th scope="col" class="figure">Share</th>
        <th scope="col">What it means</th>
      </tr>
    </thead>
    <tbody>
      ${removed.map(
        (item) =>
          html`<tr>
            <th scope="row" class="short">${reasonLabels[item.reason]}</th>
            <td class="figure">${count(item.rows)}</td>
            <td class="chart">${bar(item.rows / most, 'removed')}</td>
            <td class="figure">${percent(candidates > 0 ? item.rows / candidates : null)}</td>
            <td class="words">${item.meaning}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

function leaks(data: ReportData): HtmlValue {
  const all = data.curation.leaks
  if (all.length === 0) return html`<p>No training row was found in or near the evaluation rows.</p>`
  const shown = all.slice(0, mostLeaks)
  return html`<details ${all.length <= 5 && html`open`}>
    <summary>
      ${countOf(all.length, 'training row was', 'training rows were')} too near to an evaluation row
    </summary>
    <p>A student that has seen the rows it is tested on looks better than it is, so these were left out.</p>
    ${scrollBox(
      'Leaks',
      html`<table>
        <caption>
          Leaks between training and evaluation rows
        </caption>
        <thead>
          <tr>
            <th scope="col">Training row</th>
            <th scope="col">Evaluation row</th>
            <th scope="col">How near</th>
            <th scope="col" class="figure">Similarity</th>
            <th scope="col">Text</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            (leak) =>
              html`<tr>
                <th scope="row">${leak.rowId}</th>
                <td>${leak.evaluationRowId}</td>
                <td class="short">${reasonLabels[leak.reason]}</td>
                <td class="figure">${decimal(leak.similarity)}</td>
                <td class="words" dir="auto">${leak.text}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
    ${all.length > shown.length && html`<p class="quiet">${countOf(all.length - shown.length, 'more leak')} in report.json.</p>`}
  </details>`
}

function balance(shares: readonly ClassShare[]): HtmlValue {
  const filled = shares.filter((share) => share.values.length > 0)
  if (filled.length === 0) return null
  return html`<h3>How often each value occurs in the training rows</h3>
    <p>
      A value with few rows is hard to learn; more inputs of its kind are the cheapest way to a better
      student.
    </p>
    <div class="panels">${filled.map(balancePanel)}</div>`
}

function balancePanel(share: ClassShare): Html {
  const most = Math.max(1, ...share.values.map((item) => item.rows))
  const shown = share.values.slice(0, mostValues)
  const rest = share.values.length - shown.length
  return html`<table class="panel balance">
    <caption>
      <code>${share.path}</code>
    </caption>
    <thead>
      <tr>
        <th scope="col"><span class="unseen">Value</span></th>
        <th scope="col"><span class="unseen">As a bar</span></th>
        <th scope="col"><span class="unseen">Rows</span></th>
      </tr>
    </thead>
    <tbody>
      ${shown.map(
        (item) =>
          html`<tr>
            <th scope="row">${classText(item.value)}</th>
            <td class="chart">${bar(item.rows / most)}</td>
            <td class="figure">${count(item.rows)}</td>
          </tr>`,
      )}
    </tbody>
    ${
      rest > 0 &&
      html`<tfoot>
        <tr>
          <td colspan="3" class="quiet">and ${countOf(rest, 'more value')}</td>
        </tr>
      </tfoot>`
    }
  </table>`
}
