/** CSV (RFC 4180, with `,`, `;` or tab between cells) to records, streamed through csv-parse. */
import { CsvError, parse } from 'csv-parse'
import { dataFault, show, showKeys, type Place } from './fault.ts'
import type { RawRecord } from './raw-record.ts'
import { tooLong } from './split-lines.ts'

interface CsvRow {
  readonly line: number
  readonly cells: readonly string[]
}

/** The first row names the columns; blank lines are passed over. @throws DATA_INVALID naming the line. */
export async function* readCsv(
  chunks: AsyncIterable<string>,
  file: string,
  limit: number,
  delimiter?: string,
): AsyncGenerator<RawRecord, void> {
  let header: readonly string[] | null = null
  for await (const { line, cells } of readCells(chunks, file, limit, delimiter)) {
    if (cells.length === 1 && cells[0] === '') continue
    if (header === null) {
      header = checkHeader(cells, { file, line })
      continue
    }
    if (cells.length !== header.length) throw wrongWidth(header, cells, { file, line })
    const value = Object.fromEntries(header.map((name, index) => [name, cells[index]]))
    yield { line, value, untyped: true }
  }
}

async function* readCells(
  chunks: AsyncIterable<string>,
  file: string,
  limit: number,
  delimiter: string | undefined,
): AsyncGenerator<CsvRow, void> {
  let feed: CsvFeed | null = null
  for await (const text of withFirstLine(chunks)) {
    feed ??= createFeed(file, limit, delimiter ?? likelyDelimiter(text))
    yield* await feed.push(text)
    feed.check()
  }
  if (feed === null) return
  yield* await feed.end()
  feed.check()
}

interface CsvFeed {
  /** The rows that the text completes. */
  push(text: string): Promise<readonly CsvRow[]>
  end(): Promise<readonly CsvRow[]>
  /** @throws DATA_INVALID when what was pushed last is no CSV. */
  check(): void
}

/**
 * csv-parse is fed by hand rather than piped: rows before a fault come out before the fault, and lines are
 * counted here, because its own count is wrong after CRLF inside a cell.
 */
function createFeed(file: string, limit: number, delimiter: string): CsvFeed {
  let rows: CsvRow[] = []
  let line = 1
  let failure: Error | null = null
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: limit,
    on_record: (cells: readonly string[]) => {
      rows.push({ line, cells })
      line += 1 + cells.reduce((sum, cell) => sum + countBreaks(cell), 0)
      return null
    },
  })
  parser.on('error', (error) => {
    failure = error
  })
  parser.resume()
  const take = (): readonly CsvRow[] => {
    const taken = rows
    rows = []
    return taken
  }
  return {
    push: (text) => new Promise((resolve) => parser.write(text, () => resolve(take()))),
    end: () =>
      new Promise((resolve) => {
        parser.once('close', () => resolve(take()))
        parser.end()
      }),
    check() {
      if (failure !== null) throw explain(failure, { file, line }, limit)
    },
  }
}

function countBreaks(cell: string): number {
  return cell.match(/\r\n|\n|\r/gu)?.length ?? 0
}

/** Joins chunks until one holds a whole line, from which the delimiter can be told. */
async function* withFirstLine(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let start: string | null = ''
  for await (const chunk of chunks) {
    if (start === null) {
      yield chunk
      continue
    }
    start += chunk
    if (start.length < 65_536 && !/[^\r\n][\r\n]/u.test(start)) continue
    yield start
    start = null
  }
  if (start !== null && start !== '') yield start
}

/** What separates the column names: of comma, semicolon and tab the most frequent outside quotes. */
function likelyDelimiter(text: string): string {
  const firstLine = (/^[\r\n]*([^\r\n]*)/u.exec(text)?.[1] ?? '').replaceAll(/"[^"]*"/gu, '')
  const frequency = (delimiter: string): number => firstLine.split(delimiter).length
  return [',', ';', '\t'].reduce((best, next) => (frequency(next) > frequency(best) ? next : best))
}

function checkHeader(cells: readonly string[], place: Place): readonly string[] {
  const names = cells.map((cell) => cell.trim())
  for (const [index, name] of names.entries()) {
    if (name === '') {
      throw dataFault(place, `column ${index + 1} has no name`, 'The first row names the columns.')
    }
    if (names.indexOf(name) < index) {
      const hint = 'Rename one of them, or remove it.'
      throw dataFault(place, `two columns are named ${show(name)}`, hint)
    }
  }
  return names
}

function wrongWidth(header: readonly string[], cells: readonly string[], place: Place): Error {
  return dataFault(
    place,
    `${cells.length} columns where the header has ${header.length} (${showKeys(header)}), in ${show(cells.join(','))}`,
    'Put cells that hold a separator, a quote or a line break between double quotes.',
  )
}

/** `place` is where the row under way begins. */
function explain(failure: Error, place: Place, limit: number): Error {
  const fault = failure instanceof CsvError ? failure : null
  const column = `column ${Number(fault?.index ?? 0) + 1}`
  switch (fault?.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return dataFault(
        place,
        `a quote opens here, in ${column}, and is never closed`,
        'Close it; a double quote inside a quoted cell is written twice.',
      )
    case 'CSV_INVALID_CLOSING_QUOTE':
      return dataFault(
        place,
        `the quoted cell in ${column}, which begins in this row, goes on after its closing quote`,
        'A double quote inside a quoted cell is written twice.',
      )
    case 'INVALID_OPENING_QUOTE':
      return dataFault(
        place,
        `a quote in the middle of ${column}, which does not begin with one`,
        'Put the whole cell between double quotes and write the quote inside twice.',
      )
    case 'CSV_MAX_RECORD_SIZE':
      return tooLong(place.file, place.line, limit)
    default:
      return dataFault(place, `not CSV: ${failure.message}`, 'Write it with a CSV writer.')
  }
}
