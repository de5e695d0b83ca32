/** JSONL: one JSON object a line; blank lines are passed over. */
import { parseRecord, type RawRecord } from './raw-record.ts'
import { splitLines } from './split-lines.ts'

/** @throws DATA_INVALID naming the line, unless `onFault` takes it and the next line is read. */
export async function* readJsonLines(
  chunks: AsyncIterable<string>,
  file: string,
  limit: number,
  onFault?: (fault: unknown, line: number) => void,
): AsyncGenerator<RawRecord, void> {
  for await (const { number, text } of splitLines(chunks, file, limit)) {
    if (text.trim() === '') continue
    let record: RawRecord
    try {
      record = parseRecord(text, file, number)
    } catch (fault) {
      if (onFault === undefined) throw fault
      onFault(fault, number)
      continue
    }
    yield record
  }
}
