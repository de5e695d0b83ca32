/** Answers that quote what the input does not say. */
import { valueAt, type Json } from '../../../core/json.ts'
import { createQuoteFinder } from '../../../core/quoted.ts'
import { eachRow, valueOf } from '../entry.ts'

export const notQuoted = eachRow('quotes what the input does not say', (entry, { task }) => {
  const fields = task.fields.filter(({ quoted }) => quoted)
  if (fields.length === 0) return null
  const isQuoted = createQuoteFinder(entry.row.input)
  for (const { path, segments } of fields) {
    const stray = quotesOf(valueAt(valueOf(entry), segments)).find((quote) => !isQuoted(quote))
    if (stray !== undefined) return `${path} is ${JSON.stringify(stray)}, which is not in the input`
  }
  return null
})

function quotesOf(value: Json | undefined): readonly string[] {
  const items = Array.isArray(value) ? (value as readonly Json[]) : [value]
  return items.filter((item) => typeof item === 'string')
}
