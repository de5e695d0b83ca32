/** Server-sent events as bytes come in: each event whole, with its bytes as they were and its data. */

export interface StreamEvent {
  /** With the blank line that ends it. */
  readonly bytes: Buffer
  /** null for comments and the like. */
  readonly data: string | null
}

export interface EventSplitter {
  push(chunk: Uint8Array): StreamEvent[]
  /** What came after the last blank line. */
  rest(): Buffer
}

const lineFeed = 10
const carriageReturn = 13

export function createEventSplitter(): EventSplitter {
  let waiting: Buffer = Buffer.alloc(0)
  /** Where looking for the end goes on, so that a long event is looked through once. */
  let seen = 0
  return {
    push(chunk) {
      waiting = waiting.length === 0 ? Buffer.from(chunk) : Buffer.concat([waiting, chunk])
      const events: StreamEvent[] = []
      let start = 0
      for (;;) {
        const end = endOfEvent(waiting, Math.max(start, seen))
        if (end === -1) break
        const bytes = waiting.subarray(start, end)
        events.push({ bytes, data: dataOf(bytes) })
        start = end
        seen = end
      }
      waiting = waiting.subarray(start)
      seen = Math.max(0, waiting.length - 3)
      return events
    },
    rest: () => waiting,
  }
}

/** Behind the first blank line; -1 where there is none. Lines end with CR LF, LF or CR. */
function endOfEvent(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === lineFeed) {
      if (bytes[at + 1] === lineFeed) return at + 2
      if (bytes[at + 1] === carriageReturn && bytes[at + 2] === lineFeed) return at + 3
    } else if (bytes[at] === carriageReturn && bytes[at + 1] === carriageReturn) return at + 2
  }
  return -1
}

function dataOf(bytes: Buffer): string | null {
  const lines = bytes.toString().split(/\r\n|\n|\r/)
  const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5).replace(/^ /, ''))
  return data.length === 0 ? null : data.join('\n')
}
