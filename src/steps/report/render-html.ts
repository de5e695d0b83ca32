/** report.html: one file that needs no network and runs no script. */
import type { ReportData } from '../../core/report-data.ts'
import { html, trusted } from './html.ts'
import type { Html } from './html.ts'
import { armsSection } from './section-arms.ts'
import { costsSection } from './section-costs.ts'
import { coverageSection, coverageTitle } from './section-coverage.ts'
import { dataSection } from './section-data.ts'
import { fieldsSection } from './section-fields.ts'
import { reproduceSection, termsSection } from './section-reproduce.ts'
import { trainingSection } from './section-training.ts'
import { firstThings, pageHeader, verdictPanel } from './section-verdict.ts'
import { worstSection } from './section-worst.ts'
import { style } from './style.ts'
import { moment } from './format.ts'
import { verdictLabels } from './words.ts'
import type { HtmlValue } from './html.ts'

/** Nothing may be loaded and nothing may run: only the style sheet in the file itself counts. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

interface Part {
  readonly id: string
  readonly link: string
  readonly content: HtmlValue
}

export function renderHtml(data: ReportData): string {
  const parts = partsOf(data).filter((part) => part.content !== null)
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${data.name}: ${verdictLabels[data.verdict.verdict]} – Potstill report</title>
        <style>
          ${trusted(style)}
        </style>
      </head>
      <body>
        ${pageHeader(data)}
        <main>
          ${verdictPanel(data)} ${firstThings(data)} ${contents(parts)} ${parts.map((part) => part.content)}
        </main>
        <footer class="quiet">
          Written by potstill ${data.run.potstill} on ${moment(data.run.finishedAt)}. The same figures as
          data: report.json.
        </footer>
      </body>
    </html> `.markup
}

function partsOf(data: ReportData): readonly Part[] {
  return [
    { id: 'arms', link: 'Before and after', content: armsSection(data) },
    { id: 'fields', link: 'Fields', content: fieldsSection(data) },
    { id: 'worst', link: 'Where it fails', content: worstSection(data) },
    { id: 'coverage', link: coverageTitle(data), content: coverageSection(data) },
    { id: 'costs', link: 'Price and latency', content: costsSection(data) },
    { id: 'training', link: 'Training', content: trainingSection(data) },
    { id: 'data', link: 'Training data', content: dataSection(data) },
    { id: 'terms', link: 'Terms', content: termsSection(data) },
    { id: 'reproduce', link: 'Do it again', content: reproduceSection(data) },
  ]
}

function contents(parts: readonly Part[]): Html {
  return html`<nav aria-label="Contents">
    <ul>
      ${parts.map((part) => html`<li><a href="#${part.id}">${part.link}</a></li>`)}
    </ul>
  </nav>`
}
