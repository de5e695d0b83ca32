/** Bytes to text: strict UTF-8. Other encodings, archives and NUL bytes are refused with their place. */
import { PotstillError } from '../core/errors.ts'
import { dataFault } from './fault.ts'

const signatures: readonly (readonly [bytes: readonly number[], name: string, hint: string])[] = [
  [[0xff, 0xfe], 'is UTF-16', 'Save it as UTF-8 (in Excel: "CSV UTF-8").'],
  [[0xfe, 0xff], 'is UTF-16', 'Save it as UTF-8 (in Excel: "CSV UTF-8").'],
  [[0x1f, 0x8b], 'is compressed (gzip)', 'Unpack it first.'],
  [
    [0x50, 0x4b, 0x03, 0x04],
    'is a ZIP archive or an Excel workbook',
    'Export it as CSV UTF-8, or unpack it.',
  ],
  [[0x50, 0x41, 0x52, 0x31], 'is a Parquet file', 'Export it as JSONL or CSV.'],
]

const longestSignature = 4

/** Keeps nothing between calls: each is given whole characters. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Yields the text without its byte-order mark, all that comes before a fault. @throws DATA_INVALID with line and byte offset. */
export async function* decodeText(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<string, void> {
  let held = Buffer.alloc(0)
  let offset = 0
  let line = 1
  const take = (whole: Buffer): Decoded => {
    const decoded = decode(whole, { file, line, offset })
    const marked = offset === 0 && decoded.text.startsWith('\ufeff')
    offset += whole.length
    line += countLines(decoded.text)
    return marked ? { ...decoded, text: decoded.text.slice(1) } : decoded
  }
  for await (const chunk of bytes) {
    const joined = Buffer.concat([held, chunk])
    const signed = offset > 0 || joined.length >= longestSignature
    if (offset === 0 && signed) refuseOtherFormats(joined, file)
    const whole = joined.subarray(0, signed ? joined.length - unfinishedTail(joined) : 0)
    held = Buffer.from(joined.subarray(whole.length))
    yield* textThenFault(take(whole))
  }
  if (offset === 0) refuseOtherFormats(held, file)
  yield* textThenFault(take(held))
}

interface Decoded {
  readonly text: string
  readonly fault?: Error
}

function* textThenFault({ text, fault }: Decoded): Generator<string> {
  if (text !== '') yield text
  if (fault !== undefined) throw fault
}

interface Position {
  readonly file: string
  readonly line: number
  readonly offset: number
}

function decode(bytes: Buffer, at: Position): Decoded {
  const nul = bytes.indexOf(0)
  const readable = nul < 0 ? bytes : bytes.subarray(0, nul)
  let text: string
  try {
    text = decoder.decode(readable)
  } catch {
    const bad = firstInvalidByte(readable)
    const shown = `not UTF-8: byte 0x${bytes[bad].toString(16).padStart(2, '0')}`
    return faultAt(bytes, bad, at, shown, 'Save the file as UTF-8.')
  }
  if (nul < 0) return { text }
  const hint = 'This is no text file, or UTF-16 without a mark: save it as UTF-8.'
  return faultAt(bytes, nul, at, 'a NUL byte', hint)
}

function faultAt(bytes: Buffer, index: number, at: Position, problem: string, hint: string): Decoded {
  const text = bytes.toString('utf8', 0, index)
  const place = { file: at.file, line: at.line + countLines(text) }
  return { text, fault: dataFault(place, `${problem} at byte offset ${at.offset + index}`, hint) }
}

/** A replacement character in a lenient decoding marks the first fault, unless the bytes do spell one. */
function firstInvalidByte(bytes: Buffer): number {
  const text = bytes.toString('utf8')
  let offset = 0
  let from = 0
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', from)) {
    offset += Buffer.byteLength(text.slice(from, at))
    if (!(bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd)) return offset
    offset += 3
    from = at + 1
  }
  return offset
}

/** How many bytes at the end (0 to 3) begin a character that the next chunk may finish. */
function unfinishedTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]
    if ((byte & 0b1100_0000) === 0b1000_0000) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}

function refuseOtherFormats(start: Buffer, file: string): void {
  for (const [bytes, name, hint] of signatures) {
    if (bytes.every((byte, index) => start[index] === byte)) {
      throw new PotstillError('DATA_INVALID', `${file}: ${name}`, { hint })
    }
  }
}

function countLines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}
