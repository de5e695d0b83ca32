/** Rows of one input with one answer: a labelled one stays, else the first. */
import { groupBy, type Filter } from '../entry.ts'

export const duplicate: Filter = {
  meaning: 'same input and answer as another row',
  *find(entries) {
    for (const group of groupBy(entries, ({ row }) => row.key)) {
      const kept = group.find(({ origin }) => origin === 'labelled') ?? group[0]
      for (const entry of group) {
        if (entry !== kept) yield { entry, detail: `same as row ${kept.row.id}`, other: kept.row }
      }
    }
  },
}
