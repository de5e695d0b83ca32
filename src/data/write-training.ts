/** Training examples to files that other trainers read, and that `readRows` reads back. */
import { renderAnswer } from '../core/answer.ts'
import type { Message } from '../core/chat-model.ts'
import { valueAt, type Json } from '../core/json.ts'
import type { Example } from '../core/row.ts'
import type { OutputField, Task } from '../core/task.ts'
import { writeWhole } from '../core/write-whole.ts'

/**
 * `chat`: OpenAI's fine-tuning lines, with the task's prompt as system message and earlier turns. `csv`: id,
 * input, one column a field. `json`: one array of `{id, input, output}`. CSV and JSON leave earlier turns out.
 */
export type TrainingFormat = 'chat' | 'csv' | 'json'

/** Written whole or not at all. The input is written as the model reads it, context lines included. */
export async function writeTraining(
  file: string,
  format: TrainingFormat,
  task: Task,
  examples: Iterable<Example>,
): Promise<void> {
  await writeWhole(file, writers[format](task, examples))
}

const writers: Readonly<
  Record<TrainingFormat, (task: Task, examples: Iterable<Example>) => Iterable<string>>
> = { chat: chatLines, csv: csvLines, json: jsonArray }

/** OpenAI's fine-tuning lines, each with its line break. */
export function* chatLines(task: Task, examples: Iterable<Example>): Generator<string> {
  const system: Message[] = task.prompt === '' ? [] : [{ role: 'system', content: task.prompt }]
  for (const { row, output } of examples) {
    const messages: Message[] = [
      ...system,
      ...(row.history ?? []),
      { role: 'user', content: row.input },
      { role: 'assistant', content: renderAnswer(task, output) },
    ]
    yield `${JSON.stringify({ messages })}\n`
  }
}

function* jsonArray(_: Task, examples: Iterable<Example>): Generator<string> {
  let before = '[\n'
  for (const { row, output } of examples) {
    yield `${before}${JSON.stringify({ id: row.id, input: row.input, output })}`
    before = ',\n'
  }
  yield before === '[\n' ? '[]\n' : '\n]\n'
}

/**
 * Null and absent are empty cells, lists and nested values JSON text, so "" in a field that may be null reads
 * back as null. An answer that is one value, or whose fields are named like the input, is one column "output".
 * Cells are the exact text: one that begins with "=" is a formula to a spreadsheet that opens the file.
 */
function* csvLines(task: Task, examples: Iterable<Example>): Generator<string> {
  const fields = fieldColumns(task)
  const names = fields === null ? ['output'] : fields.map(({ path }) => path)
  yield csvLine(['id', task.input, ...names])
  for (const { row, output } of examples) {
    const cells =
      fields === null
        ? [renderAnswer(task, output)]
        : fields.map((field) => cellText(valueAt(output, field.segments), field))
    yield csvLine([row.id, row.input, ...cells])
  }
}

function fieldColumns({ input, fields }: Task): readonly OutputField[] | null {
  const reserved = new Set(['id', 'group', 'conversation', input])
  return fields.some(({ path, segments }) => segments.length === 0 || reserved.has(path)) ? null : fields
}

function cellText(value: Json | undefined, { kind, nullable }: OutputField): string {
  if (value === undefined || (value === null && nullable)) return ''
  return typeof value === 'string' && kind !== 'json' ? value : JSON.stringify(value)
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

function csvCell(text: string): string {
  return /[",;\t\r\n]|^\s|\s$/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
