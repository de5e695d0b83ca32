/** Rows that the student got wrong, its answer beside the expected one and the other arms'. */
import { equalJson, valueAt } from '../../core/json.ts'
import type { Json } from '../../core/json.ts'
import type { ReportData, WorstRow } from '../../core/report-data.ts'
import type { OutputField } from '../../core/task.ts'
import { countOf, percent, valueText } from './format.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { armOfRole } from './lookup.ts'
import { armNameOf, scrollBox, section } from './parts.ts'

/** Further rows are folded away. */
const shownRows = 5

type Field = Pick<OutputField, 'path' | 'segments' | 'optional'>

export interface ComparedField {
  readonly path: string
  readonly expected: string
  /** One for each answer that is shown, in their order. */
  readonly answers: readonly { readonly text: string; readonly differs: boolean }[]
}

/** The answers worth setting side by side: not those of the floor and of the student before. */
export function shownAnswers(data: ReportData, row: WorstRow): WorstRow['answers'] {
  const left = new Set(
    data.arms.filter((arm) => arm.role === 'floor' || arm.role === 'before').map((arm) => arm.name),
  )
  return row.answers.filter((answer) => !left.has(answer.arm))
}

/** The fields of a row on which any arm that is shown differs from the expected answer. */
export function differingFields(data: ReportData, row: WorstRow): readonly ComparedField[] {
  const whole: Field = { path: 'answer', segments: [], optional: false }
  const fields: readonly Field[] = data.task.fields.length > 0 ? data.task.fields : [whole]
  return fields
    .map((item) => compareField(data, row, item))
    .filter((item) => item.answers.some((answer) => answer.differs))
}

function compareField(data: ReportData, row: WorstRow, item: Field): ComparedField {
  const expected = fieldValue(row.expected, item)
  const student = armOfRole(data, 'after')?.name
  const answers = shownAnswers(data, row).map((answer) => {
    if (answer.fault !== undefined) return { text: answer.fault, differs: true }
    const value = fieldValue(answer.value, item)
    const judged = answer.arm === student && row.wrongFields.length > 0
    const differs = judged ? row.wrongFields.includes(item.path) : !equalJson(value, expected)
    return { text: valueText(value), differs }
  })
  return { path: item.path, expected: valueText(expected), answers }
}

/** A key that may be absent means null. */
function fieldValue(value: Json, item: Field): Json | undefined {
  const found = valueAt(value, item.segments)
  return found === undefined && item.optional ? null : found
}

export function worstSection(data: ReportData): HtmlValue {
  if (data.worstRows.length === 0) return null
  const first = data.worstRows.slice(0, shownRows)
  const rest = data.worstRows.slice(shownRows)
  return section(
    'worst',
    'Where it still fails',
    html`<p>
        The rows on which the student did worst, with the fields on which any arm shown differs from the
        expected answer. Read a few: sometimes it is the expected answer that should change.
      </p>
      ${first.map((row) => worstRow(data, row))}
      ${
        rest.length > 0 &&
        html`<details>
          <summary>${countOf(rest.length, 'more row')}</summary>
          ${rest.map((row) => worstRow(data, row))}
        </details>`
      }`,
  )
}

function worstRow(data: ReportData, row: WorstRow): Html {
  const fields = differingFields(data, row)
  const same = Math.max(data.task.fields.length, 1) - fields.length
  return html`<article class="worst">
    <h3>
      Row ${row.rowId}
      ${row.confidence !== null && html`<small>the student was ${percent(row.confidence)} sure</small>`}
    </h3>
    <blockquote dir="auto">${row.input}</blockquote>
    ${fields.length > 0 && scrollBox(`Answers to row ${row.rowId}`, answersTable(data, row, fields))}
    ${same > 0 && html`<p class="quiet">${fields.length === 0 ? 'No arm shown differs in any field.' : `${countOf(same, 'further field')} as expected in every arm shown.`}</p>`}
  </article>`
}

function answersTable(data: ReportData, row: WorstRow, fields: readonly ComparedField[]): Html {
  return html`<table class="answers">
    <thead>
      <tr>
        <th scope="col">Field</th>
        <th scope="col">Expected</th>
        ${shownAnswers(data, row).map((answer) => html`<th scope="col">${armNameOf(data, answer.arm)}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${fields.map(
        (item) =>
          html`<tr>
            <th scope="row"><code>${item.path}</code></th>
            <td><span class="answer" dir="auto">${item.expected}</span></td>
            ${item.answers.map((answer) => answerCell(answer))}
          </tr>`,
      )}
    </tbody>
  </table>`
}

function answerCell(answer: ComparedField['answers'][number]): Html {
  const cross = html`<span class="cross">✕</span><span class="unseen"> wrong:</span> `
  return html`<td class="${answer.differs ? 'differs' : ''}">
    ${answer.differs && cross}<span class="answer" dir="auto">${answer.text}</span>
  </td>`
}
