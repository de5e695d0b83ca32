/** The second half of report.md: failures, money, training, data, terms, and how to do it again. */
import type { ReportData, WorstRow } from '../../core/report-data.ts'
import { classText, count, countOf, decimal, duration, loss, percent, usd } from './format.ts'
import { curvesByPart, keptEpoch, recordedLabelOf } from './lookup.ts'
import { block, bullets, code, paragraphs, plain, table } from './markdown.ts'
import { costsNote, spentSentence } from './section-costs.ts'
import { curationSentence, generationSentence } from './section-data.ts'
import { isWebUrl, runFacts } from './section-reproduce.ts'
import { lossMeaning, settingLines, trainingSentence } from './section-training.ts'
import { differingFields, shownAnswers } from './section-worst.ts'
import { reasonLabels, termsLabels } from './words.ts'

export function worstPart(data: ReportData): string | null {
  if (data.worstRows.length === 0) return null
  return paragraphs(['## Where it still fails', ...data.worstRows.map((row) => worstRow(data, row))])
}

function worstRow(data: ReportData, row: WorstRow): string {
  const sure = row.confidence === null ? '' : `, the student was ${percent(row.confidence)} sure`
  const fields = differingFields(data, row)
  const heading = ['Field', 'Expected', ...shownAnswers(data, row).map((answer) => named(data, answer.arm))]
  return paragraphs([
    plain(`Row ${row.rowId}${sure}:`),
    block(row.input, 'text'),
    fields.length > 0 &&
      table(
        heading.map((text) => [plain(text)]),
        fields.map((item) => [
          code(item.path),
          plain(item.expected),
          ...item.answers.map((answer) => (answer.differs ? `✕ ${plain(answer.text)}` : plain(answer.text))),
        ]),
      ),
  ])
}

function named(data: ReportData, name: string): string {
  const label = recordedLabelOf(data, name)
  return label === null ? name : `${name} (${label})`
}

export function costsPart(data: ReportData): string {
  const lines = data.costs.lines.map((line) => [
    plain(named(data, line.arm)),
    plain(usd(line.usdPer1000)),
    plain(line.basis),
    duration(line.latencyP50Ms),
    duration(line.latencyP95Ms),
  ])
  return paragraphs([
    '## Price and latency',
    lines.length > 0 &&
      table(
        [
          ['Arm'],
          ['Price of 1,000 calls', 'figure'],
          ['How the price came about'],
          ['p50', 'figure'],
          ['p95', 'figure'],
        ],
        lines,
      ),
    plain(costsNote(data)),
    plain(data.costs.breakEvenText),
    plain(spentSentence(data)),
  ])
}

export function trainingPart(data: ReportData): string {
  const lines = curvesByPart(data).map(([part, curve]) => {
    const kept = keptEpoch(curve)
    const last = curve[curve.length - 1]
    return [
      plain(part),
      count(last.epoch),
      count(kept?.epoch),
      loss(kept?.trainLoss),
      loss(kept?.validationLoss),
      loss(last.validationLoss),
    ]
  })
  return paragraphs([
    '## Training',
    plain(trainingSentence(data)),
    data.training.worth !== null && plain(data.training.worth),
    plain(data.training.overfitting.text),
    lines.length > 0 && plain(lossMeaning(data)),
    lines.length > 0 &&
      table(
        [
          ['Part'],
          ['Epochs', 'figure'],
          ['Kept', 'figure'],
          ['Training loss there', 'figure'],
          ['Held-out loss there', 'figure'],
          ['Held-out loss at the end', 'figure'],
        ],
        lines,
      ),
    bullets(settingLines(data).map(([name, value]) => plain(`${name}: ${value}`))),
  ])
}

export function dataPart(data: ReportData): string {
  const { curation } = data
  const removed = curation.removed.map((item) => [
    reasonLabels[item.reason],
    count(item.rows),
    plain(item.meaning),
  ])
  const leaks = curation.leaks
    .slice(0, 50)
    .map((leak) => [
      plain(leak.rowId),
      plain(leak.evaluationRowId),
      reasonLabels[leak.reason],
      decimal(leak.similarity),
      plain(leak.text),
    ])
  const balance = curation.balance.map((share) => {
    const values = share.values.slice(0, 20).map((item) => `${classText(item.value)} ${count(item.rows)}`)
    return `${code(share.path)}: ${plain(values.join(', '))}${share.values.length > 20 ? ', …' : ''}`
  })
  return paragraphs([
    '## Training data',
    plain(generationSentence(data)),
    plain(curationSentence(data)),
    bullets(curation.warnings.map(plain)),
    removed.length > 0 && table([['Removed because'], ['Rows', 'figure'], ['What it means']], removed),
    leaks.length === 0
      ? 'No training row was found in or near the evaluation rows.'
      : plain(
          `${countOf(curation.leaks.length, 'training row was', 'training rows were')} too near to an evaluation row, and left out:`,
        ),
    leaks.length > 0 &&
      table([['Training row'], ['Evaluation row'], ['How near'], ['Similarity', 'figure'], ['Text']], leaks),
    balance.length > 0 && 'How often each value occurs in the training rows:',
    bullets(balance),
  ])
}

export function termsPart(data: ReportData): string {
  const { model, status, text, url } = data.terms
  const link = url === null ? null : isWebUrl(url) ? `<${url.replace(/[<>]/g, '')}>` : code(url)
  return paragraphs([
    '## The teacher’s terms',
    `Training other models on answers of ${code(model)}: **${termsLabels[status]}**. ${plain(text)}`,
    link,
  ])
}

export function reproducePart(data: ReportData): string {
  const { reproduce } = data
  const inputs = Object.entries(reproduce.inputs).map(([name, hash]) => [plain(name), code(hash)])
  return paragraphs([
    '## Do it again',
    reproduce.commands.length > 0 && block(reproduce.commands.join('\n'), 'sh'),
    table(
      [['What'], ['Value']],
      runFacts(data).map(([name, value]) => [plain(name), plain(value)]),
    ),
    inputs.length > 0 && table([['File read'], ['SHA-256']], inputs),
    'The config, defaults filled in:',
    block(reproduce.config, 'yaml'),
    data.task.prompt !== '' && 'The student’s prompt:',
    data.task.prompt !== '' && block(data.task.prompt, 'text'),
  ])
}
