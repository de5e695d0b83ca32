/** The teacher's terms, and all that is needed to get the same student and the same figures again. */
import type { ReportData } from '../../core/report-data.ts'
import { elapsed, moment } from './format.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { scrollBox, section } from './parts.ts'
import { termsLabels } from './words.ts'

export function termsSection(data: ReportData): Html {
  const { terms } = data
  return section(
    'terms',
    'The teacher’s terms',
    html`<p>
        Training other models on answers of <span class="model">${terms.model}</span>:
        <strong>${termsLabels[terms.status]}</strong>.
      </p>
      <p>${terms.text}</p>
      ${terms.url !== null && html`<p>${webLink(terms.url)}</p>`}
      <p class="quiet">This is a pointer for your own reading, not legal advice.</p>`,
  )
}

/** A link only where it leads to the web; anything else is shown as text. */
function webLink(url: string): Html {
  return isWebUrl(url) ? html`<a href="${url}" rel="noreferrer">${url}</a>` : html`<code>${url}</code>`
}

export function isWebUrl(url: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(url)
}

/** What the run was, name by name. */
export function runFacts(data: ReportData): readonly (readonly [string, string])[] {
  const { run, reproduce } = data
  return [
    ['Run', run.id],
    ['Folder', run.folder],
    ['Started', moment(run.startedAt)],
    ['Took', elapsed(run.seconds)],
    ['Seed', String(run.seed)],
    ['Potstill', run.potstill],
    ['Node', run.node],
    ['Machine', `${run.platform}, ${run.processor}`],
    ['Student', reproduce.studentHash],
  ]
}

export function reproduceSection(data: ReportData): Html {
  const { reproduce } = data
  return section(
    'reproduce',
    'Do it again',
    html`<p>The same files, the same seed and the same version give the same student.</p>
      ${reproduce.commands.length > 0 && html`<pre tabindex="0"><code>${reproduce.commands.join('\n')}</code></pre>`}
      <dl class="facts">
        ${runFacts(data).map(
          ([name, value]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
      </dl>
      ${inputsTable(data)}
      <details>
        <summary>The config, defaults filled in</summary>
        <pre tabindex="0"><code>${reproduce.config}</code></pre>
      </details>
      <details>
        <summary>The student’s prompt</summary>
        <pre tabindex="0"><code>${data.task.prompt === '' ? '(none)' : data.task.prompt}</code></pre>
      </details>`,
  )
}

function inputsTable(data: ReportData): HtmlValue {
  const files = Object.entries(data.reproduce.inputs)
  if (files.length === 0) return null
  return html`<details>
    <summary>Files read, with their SHA-256</summary>
    ${scrollBox(
      'Files read',
      html`<table>
        <caption>
          Files read
        </caption>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">SHA-256</th>
          </tr>
        </thead>
        <tbody>
          ${files.map(
            ([name, hash]) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="hash">${hash}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </details>`
}
