/** Rows that the student got wrong, its answer beside the expected one and the other arms'. */
import { equalJson, valueAt } from '../../core/json.ts'
import type { Json } from '../../core/json.ts'
import type { ReportData, WorstRow } from '../../core/report-data.ts'
import type { OutputField } from '../../core/task.ts'
import { countOf, percent, valueText } from './format.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { armNameOf, scrollBox, section } from './parts.ts'

export interface ComparedField {
  readonly path: string
  readonly expected: string
  /** One an arm, in the order of the row's answers. */
  readonly answers: readonly { readonly text: string; readonly differs: boolean }[]
}

/** The fields of a row on which any arm differs from the expected answer. */
export function differingFields(data: ReportData, row: WorstRow): readonly ComparedField[] {
  const fields: readonly Pick<OutputField, 'path' | 'segments' | 'optional'>[] =
    data.task.fields.length > 0 ? data.task.fields : [{ path: 'answer', segments: [], optional: false }]
  return fields
    .map((item) => compareField(data, row, item))
    .filter((item) => item.answers.some((answer) => answer.differs))
}

function compareField(
  data: ReportData,
  row: WorstRow,
  item: Pick<OutputField, 'path' | 'segments' | 'optional'>,
): ComparedField {
  const expected = fieldValue(row.expected, item)
  const answers = row.answers.map((answer) => {
    if (answer.fault !== undefined) return { text: answer.fault, differs: true }
    const value = fieldValue(answer.value, item)
    const isStudent = data.arms.some((arm) => arm.name === answer.arm && arm.role === 'after')
    const differs =
      isStudent && row.wrongFields.length > 0
        ? row.wrongFields.includes(item.path)
        : !equalJson(value, expected)
    return { text: valueText(value), differs }
  })
  return { path: item.path, expected: valueText(expected), answers }
}

/** A key that may be absent means null. */
function fieldValue(value: Json, item: Pick<OutputField, 'segments' | 'optional'>): Json | undefined {
  const found = valueAt(value, item.segments)
  return found === undefined && item.optional ? null : found
}

export function worstSection(data: ReportData): HtmlValue {
  if (data.worstRows.length === 0) return null
  return section(
    'worst',
    'Where it still fails',
    html`<p>
        The rows on which the student did worst, with the fields on which any arm differs from the expected
        answer. Read a few: sometimes it is the expected answer that should change.
      </p>
      ${data.worstRows.map((row) => worstRow(data, row))}`,
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
    ${same > 0 && html`<p class="quiet">${fields.length === 0 ? 'No arm differs in any field.' : `${countOf(same, 'further field')} as expected in every arm.`}</p>`}
  </article>`
}

function answersTable(data: ReportData, row: WorstRow, fields: readonly ComparedField[]): Html {
  return html`<table class="answers">
    <thead>
      <tr>
        <th scope="col">Field</th>
        <th scope="col">Expected</th>
        ${row.answers.map((answer) => html`<th scope="col">${armNameOf(data, answer.arm)}</th>`)}
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
