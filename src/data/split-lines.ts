/** Text in chunks to lines, ended by LF, CRLF or CR; U+2028 and U+2029 are text like any other. */
import { dataFault } from './fault.ts'

export interface Line {
  readonly number: number
  readonly text: string
}

/** @throws DATA_INVALID for a line of more than `limit` characters, before it is held in memory whole. */
export async function* splitLines(
  chunks: AsyncIterable<string>,
  file: string,
  limit: number,
): AsyncGenerator<Line, void> {
  let rest = ''
  let carry = ''
  let number = 1
  for await (const chunk of chunks) {
    const text = carry + chunk
    // A CR at the end may be half of a CRLF.
    carry = text.endsWith('\r') ? '\r' : ''
    const parts = (carry === '' ? text : text.slice(0, -1)).split(/\r\n|\n|\r/u)
    for (const [index, part] of parts.entries()) {
      rest += part
      if (rest.length > limit) throw tooLong(file, number, limit)
      if (index === parts.length - 1) break
      yield { number: number++, text: rest }
      rest = ''
    }
  }
  if (rest !== '') yield { number, text: rest }
}

export function tooLong(file: string, line: number, limit: number): Error {
  return dataFault(
    { file, line },
    `longer than ${limit} characters`,
    'One row a line: is this the file you meant, and does each row end with a line break?',
  )
}
