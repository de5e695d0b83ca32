/** JSONL: one JSON object a line; blank lines are passed over. */
import { parseRecord, type RawRecord } from './raw-record.ts'
import { splitLines } from './split-lines.ts'

/** @throws DATA_INVALID naming the line. */
export async function* readJsonLines(
  chunks: AsyncIterable<string>,
  file: string,
  limit: number,
): AsyncGenerator<RawRecord, void> {
  for await (const { number, text } of splitLines(chunks, file, limit)) {
    if (text.trim() !== '') yield parseRecord(text, file, number)
  }
}
