/** JSON files, streamed: one array of objects, or objects one after the other, over as many lines as they like. */
import { dataFault, show } from './fault.ts'
import { parseRecord, type RawRecord } from './raw-record.ts'
import { tooLong } from './split-lines.ts'

const code = (character: string): number => character.charCodeAt(0)
const [openBrace, closeBrace, openBracket, closeBracket] = [code('{'), code('}'), code('['), code(']')]
const [quote, backslash, comma, newline] = [code('"'), code('\\'), code(','), code('\n')]

/** What may stand between objects: `start` of the file, inside the array after `[`, `,` or an object, or in a sequence. */
type Between = 'start' | 'afterOpen' | 'afterComma' | 'afterObject' | 'sequence' | 'end'

/** Cuts text into objects by counting brackets outside strings; what is inside is left to JSON.parse. */
interface Scanner {
  between: Between
  line: number
  /** Line on which the object under way begins; 0 outside objects. */
  opened: number
  depth: number
  inString: boolean
  escaped: boolean
  /** Text of the object under way, of earlier chunks. */
  held: string
}

/** @throws DATA_INVALID naming the line. */
export async function* readJsonObjects(
  chunks: AsyncIterable<string>,
  file: string,
  limit: number,
): AsyncGenerator<RawRecord, void> {
  const scanner: Scanner = {
    between: 'start',
    line: 1,
    opened: 0,
    depth: 0,
    inString: false,
    escaped: false,
    held: '',
  }
  for await (const chunk of chunks) {
    for (const { text, line } of scan(scanner, chunk, file, limit)) yield parseRecord(text, file, line)
  }
  if (scanner.opened > 0) {
    throw dataFault(
      { file, line: scanner.opened },
      'an object begins here and is never closed',
      'Complete the file.',
    )
  }
  if (scanner.between !== 'start' && scanner.between !== 'sequence' && scanner.between !== 'end') {
    throw dataFault(
      { file, line: scanner.line },
      'the array is never closed',
      'Complete the file: "]" is missing.',
    )
  }
}

function* scan(
  scanner: Scanner,
  chunk: string,
  file: string,
  limit: number,
): Generator<{ readonly text: string; readonly line: number }> {
  let start = 0
  for (let at = 0; at < chunk.length; at++) {
    const unit = chunk.charCodeAt(at)
    if (unit === newline) scanner.line++
    if (scanner.opened === 0) {
      if (isSpace(unit)) continue
      scanner.between = step(scanner, unit, file)
      if (unit === openBrace) start = at
    } else if (closes(scanner, unit)) {
      const text = scanner.held + chunk.slice(start, at + 1)
      const line = scanner.opened
      scanner.held = ''
      scanner.opened = 0
      if (text.length > limit) throw tooLong(file, line, limit)
      yield { text, line }
    }
  }
  if (scanner.opened === 0) return
  scanner.held += chunk.slice(start)
  if (scanner.held.length > limit) throw tooLong(file, scanner.opened, limit)
}

/** Takes one character inside an object; true when the object ends with it. */
function closes(scanner: Scanner, unit: number): boolean {
  if (scanner.inString) {
    if (scanner.escaped) scanner.escaped = false
    else if (unit === backslash) scanner.escaped = true
    else if (unit === quote) scanner.inString = false
    return false
  }
  if (unit === quote) scanner.inString = true
  else if (unit === openBrace || unit === openBracket) scanner.depth++
  else if (unit === closeBrace || unit === closeBracket) scanner.depth--
  return scanner.depth === 0
}

/** Takes one character between objects. */
function step(scanner: Scanner, unit: number, file: string): Between {
  const { between } = scanner
  if (unit === openBrace && between !== 'afterObject' && between !== 'end') {
    scanner.opened = scanner.line
    scanner.depth = 1
    return between === 'start' || between === 'sequence' ? 'sequence' : 'afterObject'
  }
  if (unit === openBracket && between === 'start') return 'afterOpen'
  if (unit === comma && between === 'afterObject') return 'afterComma'
  if (unit === closeBracket && (between === 'afterObject' || between === 'afterOpen')) return 'end'
  const shown = show(String.fromCharCode(unit))
  throw dataFault(
    { file, line: scanner.line },
    `${expectation[between]}, got ${shown}`,
    'Write it with a JSON writer.',
  )
}

const expectation: Readonly<Record<Between, string>> = {
  start: 'expected a JSON array of objects',
  afterOpen: 'expected an object, each row being one',
  afterComma: 'expected an object, each row being one',
  afterObject: 'expected "," or "]" after an object',
  sequence: 'expected another object or the end of the file',
  end: 'expected nothing after the end of the array',
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09
}
