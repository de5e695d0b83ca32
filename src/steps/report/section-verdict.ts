/** The top of the page: the verdict in words, the key figures, what to know first and what to try next. */
import type { VerdictWord } from '../../core/measure.ts'
import type { ReportData } from '../../core/report-data.ts'
import { capital, count, elapsed, moment } from './format.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { keyFigures } from './key-figures.ts'
import type { KeyFigure } from './key-figures.ts'
import { list } from './parts.ts'
import {
  fallbackSentence,
  metricMeaning,
  metricName,
  verdictHeadline,
  verdictLabels,
  verdictRule,
  worseFieldsHeading,
  worseFieldsMeaning,
  worseFieldText,
} from './words.ts'

const signs: Readonly<Record<VerdictWord, string>> = {
  ship: '✓',
  ship_with_fallback: '✓',
  do_not_ship: '✕',
  not_enough_data: '?',
  no_need: '=',
}

export function pageHeader(data: ReportData): Html {
  const { run } = data
  return html`<header class="page">
    <p class="over">Potstill report</p>
    <h1>${data.name}</h1>
    <p class="quiet">
      ${moment(run.finishedAt)} · ${count(data.data.trainingRows)} training rows ·
      ${count(data.data.evaluationRows)} evaluation rows · took ${elapsed(run.seconds)}
    </p>
    ${data.note !== null && data.note !== '' && html`<p class="note" dir="auto">${data.note}</p>`}
  </header>`
}

export function verdictPanel(data: ReportData): Html {
  const { verdict } = data
  const fallback = fallbackSentence(data)
  return html`<section class="verdict ${verdict.verdict}" aria-labelledby="verdict-title">
    <p class="word">
      <span class="sign" aria-hidden="true">${signs[verdict.verdict]}</span> ${verdictLabels[verdict.verdict]}
    </p>
    <h2 id="verdict-title">${verdictHeadline(verdict)}</h2>
    <p>${verdict.reason}${fallback !== null && html` ${fallback}`}</p>
    <p class="quiet">${verdictRule(data)} ${capital(metricName(data))} is ${metricMeaning(data)}.</p>
    ${worseFields(data)}
    <dl class="key-figures">${keyFigures(data).map(keyFigure)}</dl>
  </section>`
}

function worseFields(data: ReportData): HtmlValue {
  const { worseFields: fields } = data.verdict
  if (fields.length === 0) return null
  return html`<div class="worse">
    <p><strong>${worseFieldsHeading(data)}</strong></p>
    ${list(fields.map((item) => html`<code>${item.path}</code> ${worseFieldText(item)}`))}
    <p class="quiet">${worseFieldsMeaning}</p>
  </div>`
}

function keyFigure(figure: KeyFigure): Html {
  const from =
    figure.from !== null && html`<span class="from">${figure.from}</span><span class="arrow"> → </span>`
  return html`<div>
    <dt>${figure.label}</dt>
    <dd class="value">${from}<span class="to">${figure.to}</span></dd>
    <dd class="detail">${figure.detail}</dd>
  </div>`
}

export function firstThings(data: ReportData): Html {
  const warnings = [...data.warnings, ...interruption(data)]
  return html`<div class="first-things">
    ${
      warnings.length > 0 &&
      html`<section class="card warn" aria-labelledby="warnings-title">
        <h2 id="warnings-title">Before you trust these figures</h2>
        ${list(warnings)}
      </section>`
    }
    ${
      data.next.length > 0 &&
      html`<section class="card" aria-labelledby="next-title">
        <h2 id="next-title">What to try next</h2>
        <ol>
          ${data.next.map((item) => html`<li>${item}</li>`)}
        </ol>
      </section>`
    }
  </div>`
}

function interruption(data: ReportData): readonly string[] {
  return data.training.interrupted
    ? ['Training was ended before its time: the student is the best of the epochs up to then.']
    : []
}
