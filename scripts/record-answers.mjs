/**
 * Turns `{id, answer}` lines into a recorded model: `{input, answer, pricedAs}` lines, found later by the input.
 * It made examples/support-desk/recorded once:
 *   node scripts/record-answers.mjs answers.jsonl INPUT_FIELD PRICED_AS rows.jsonl [rows.csv ...] > recorded/name.jsonl
 */
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'

const [answersFile, field, pricedAs, ...rowFiles] = process.argv.slice(2)
if (rowFiles.length === 0) {
  console.error('usage: record-answers.mjs ANSWERS.jsonl INPUT_FIELD PRICED_AS ROWS.jsonl|ROWS.csv ...')
  process.exit(2)
}

const readLines = (file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line))
const readRows = (file) =>
  file.endsWith('.csv') ? parse(readFileSync(file), { columns: true, bom: true }) : readLines(file)

const inputs = new Map(rowFiles.flatMap(readRows).map((row) => [row.id, row[field]]))
for (const { id, answer } of readLines(answersFile)) {
  const input = inputs.get(id)
  if (input === undefined) throw new Error(`${answersFile}: no row has the id ${id}`)
  process.stdout.write(`${JSON.stringify({ input, answer, pricedAs })}\n`)
}
