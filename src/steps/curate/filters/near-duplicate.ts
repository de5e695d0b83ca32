/** Rows nearly the same as another, with the same answer: they add weight, not knowledge. */
import { findNearDuplicates } from '../../../similarity/near-duplicates.ts'
import { ownText, type Filter } from '../entry.ts'

/** Rows whose answers differ stay however similar they are: they show where the line is. */
export const nearDuplicate: Filter = {
  meaning: 'nearly the same input as another row, with the same answer',
  *find(entries, { nearDuplicateSimilarity }) {
    const labelled = entries.filter(({ origin }) => origin === 'labelled')
    const ordered = [...labelled, ...entries.filter(({ origin }) => origin !== 'labelled')]
    const items = ordered.map(({ row, answerKey }) => ({
      text: ownText(row),
      label: `${row.context ?? ''}${answerKey}`,
    }))
    for (const [index, match] of findNearDuplicates(items, nearDuplicateSimilarity).entries()) {
      if (match === null) continue
      const { similarity } = match
      const other = ordered[match.index].row
      yield {
        entry: ordered[index],
        detail: `${similarity.toFixed(2)} similar to row ${other.id}`,
        other,
        similarity,
      }
    }
  },
}
