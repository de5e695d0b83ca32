/** What an uploaded file is for decides what must be in it; a fault names the line, and what was read is said. */
import { createReadStream } from 'node:fs'
import { extname } from 'node:path'
import type { Row } from '../../core/row.ts'
import { decodeText } from '../../data/decode-text.ts'
import { readRecords } from '../../data/read-records.ts'
import { readRows } from '../../data/read-rows.ts'
import { scanTraining, withoutLines } from '../../data/scan-training.ts'
import type { FileView } from './file-store.ts'

export interface CheckedFile {
  /** How it is read later: ".jsonl", ".json", ".csv", ".tsv"; "" where nobody reads it. */
  readonly extension: string
  /** What was made of it, in a sentence; absent where it was not looked into. */
  readonly details?: string
}

/** Of clients; results are ours. */
export const uploadPurposes = ['fine-tune', 'batch', 'evals', 'user_data', 'assistants', 'vision'] as const
export type UploadPurpose = (typeof uploadPurposes)[number] & FileView['purpose']

/** @throws DATA_INVALID with file and line, DATA_EMPTY. `name` is what errors call the file. */
export async function checkFile(path: string, name: string, purpose: UploadPurpose): Promise<CheckedFile> {
  if (purpose === 'fine-tune') return checkTraining(path, name)
  if (purpose === 'batch' || purpose === 'evals') return checkLines(path, name)
  return { extension: '' }
}

/** JSONL, whatever the name says: OpenAI takes nothing else for these. */
async function checkLines(path: string, name: string): Promise<CheckedFile> {
  let lines = 0
  for await (const _ of readRecords(`${path}.jsonl`, { shownAs: name, open: () => bytesOf(path) })) lines++
  return { extension: '.jsonl', details: `${lines} lines` }
}

async function checkTraining(path: string, name: string): Promise<CheckedFile> {
  const extension = await formatOf(path, name)
  const shape = { shownAs: name, open: () => bytesOf(path) }
  const { records, moreThanText } = await scanTraining(path + extension, shape)
  const leaveOut = extension === '.jsonl' ? moreThanText : new Set<number>()
  const open = (): AsyncIterable<Uint8Array> =>
    leaveOut.size === 0 ? bytesOf(path) : withoutLines(path, leaveOut, name)
  const learned = records - leaveOut.size
  const first = learned === 0 ? null : await readAll(path + extension, name, open)
  const parts = [
    `${records} rows of ${formatNames[extension] ?? 'data'}`,
    ...(first === null ? [] : [await describeColumns(path + extension, shape, first)]),
    ...(leaveOut.size === 0
      ? []
      : [`${leaveOut.size} hold tool calls, images or audio and are not learned from`]),
  ]
  return { extension, details: parts.filter((part) => part !== '').join('; ') }
}

const formatNames: Readonly<Record<string, string>> = {
  '.jsonl': 'JSONL',
  '.json': 'JSON',
  '.csv': 'CSV',
  '.tsv': 'TSV',
}

/** The first row; the others are read for their faults. */
async function readAll(path: string, shownAs: string, open: () => AsyncIterable<Uint8Array>): Promise<Row> {
  let first: Row | null = null
  for await (const row of readRows(path, { inputField: 'input', answers: 'required', shownAs, open }))
    first ??= row
  // A file without a row is refused by the reader.
  return first as unknown as Row
}

/** Which column or key is the input and which the answer; "" for chat lines, where nothing was guessed. */
async function describeColumns(
  path: string,
  options: { readonly shownAs: string; readonly open: () => AsyncIterable<Uint8Array> },
  row: Row,
): Promise<string> {
  for await (const { value } of readRecords(path, options)) {
    if (Object.hasOwn(value, 'messages') || Object.hasOwn(value, 'preferred_output')) return ''
    const input = Object.keys(value).find((key) => value[key] === row.input)
    if (input === undefined) return ''
    const others = Object.keys(value).filter((key) => key !== input && key !== 'id' && key !== 'group')
    return `the input is "${input}", the answer ${others.map((key) => `"${key}"`).join(', ')}`
  }
  return ''
}

const known: Readonly<Record<string, string>> = {
  '.jsonl': '.jsonl',
  '.ndjson': '.jsonl',
  '.json': '.json',
  '.csv': '.csv',
  '.tsv': '.tsv',
  '.tab': '.tsv',
}

/** By name; else by what it begins with: an object that ends with its line is JSONL. */
async function formatOf(path: string, name: string): Promise<string> {
  const named = known[extname(name).toLowerCase()]
  if (named !== undefined) return named
  let start = ''
  for await (const text of decodeText(bytesOf(path), name)) {
    start += text
    if (start.trimStart().includes('\n') || start.length > longestLine) break
  }
  const firstLine = start
    .trimStart()
    .split(/\r\n|\n|\r/u)[0]
    .trim()
  if (!/^[[{]/u.test(firstLine)) return '.csv'
  return firstLine.startsWith('{') && firstLine.endsWith('}') ? '.jsonl' : '.json'
}

const longestLine = 10_000_000

function bytesOf(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 262_144 })
}
