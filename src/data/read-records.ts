/** Opens a data file, tells its format from its name or its first character, and reads its records. */
import { createReadStream } from 'node:fs'
import { extname } from 'node:path'
import { messageOf, PotstillError } from '../core/errors.ts'
import { readCsv } from './csv-records.ts'
import { decodeText } from './decode-text.ts'
import { readJsonLines } from './json-lines.ts'
import { readJsonObjects } from './json-objects.ts'
import type { RawRecord } from './raw-record.ts'

export interface RecordOptions {
  /** What errors and rows call the file; its path by default. */
  readonly shownAs?: string
  /** The longest line, object or CSV row, in characters; ten million by default. */
  readonly maxLineLength?: number
  /** JSONL: takes a line that is no record, so that the next is read; thrown by default. */
  readonly onFault?: (fault: unknown, line: number) => void
  /** Opens the file; the file system by default. */
  readonly open?: (file: string) => AsyncIterable<Uint8Array>
}

type Format = 'csv' | 'tsv' | 'json' | 'jsonl'

const formats: Readonly<Record<string, Format>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
}

/**
 * Streams the records of a .csv, .tsv, .json, .jsonl or .ndjson file; of others, what begins with "{" or "["
 * is JSON and the rest CSV. @throws DATA_NOT_FOUND, DATA_INVALID with file and line, DATA_EMPTY.
 */
export async function* readRecords(
  file: string,
  options: RecordOptions = {},
): AsyncGenerator<RawRecord, void> {
  const shown = options.shownAs ?? file
  const limit = options.maxLineLength ?? 10_000_000
  const text = decodeText((options.open ?? readBytes)(file), shown)
  let count = 0
  for await (const record of parse(
    formats[extname(file).toLowerCase()],
    text,
    shown,
    limit,
    options.onFault,
  )) {
    count++
    yield record
  }
  if (count === 0) throw new PotstillError('DATA_EMPTY', `${shown}: there is no row in it`)
}

async function* parse(
  format: Format | undefined,
  text: AsyncIterable<string>,
  file: string,
  limit: number,
  onFault: RecordOptions['onFault'],
): AsyncGenerator<RawRecord, void> {
  switch (format) {
    case 'csv':
      return yield* readCsv(text, file, limit)
    case 'tsv':
      return yield* readCsv(text, file, limit, '\t')
    case 'json':
      return yield* readJsonObjects(text, file, limit)
    case 'jsonl':
      return yield* readJsonLines(text, file, limit, onFault)
    default:
      return yield* sniff(text, file, limit)
  }
}

async function* sniff(
  text: AsyncIterable<string>,
  file: string,
  limit: number,
): AsyncGenerator<RawRecord, void> {
  const chunks = text[Symbol.asyncIterator]()
  let start = ''
  for (let turn = await chunks.next(); turn.done !== true; turn = await chunks.next()) {
    start += turn.value
    if (start.trim() !== '') break
  }
  const all = resume(start, chunks)
  yield* /^\s*[[{]/u.test(start) ? readJsonObjects(all, file, limit) : readCsv(all, file, limit)
}

async function* resume(start: string, chunks: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    yield start
    for (let turn = await chunks.next(); turn.done !== true; turn = await chunks.next()) yield turn.value
  } finally {
    await chunks.return?.()
  }
}

async function* readBytes(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 262_144 })) yield chunk as Uint8Array
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? reasons[String(error.code)] : undefined
    throw new PotstillError('DATA_NOT_FOUND', `${file}: ${why ?? messageOf(error)}`, { cause: error })
  }
}

const reasons: Readonly<Record<string, string | undefined>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a folder, not a file',
  EACCES: 'may not be read',
}
