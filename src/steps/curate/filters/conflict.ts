/** Rows of one input with different answers: people's labels stand against the teacher, a majority against the rest. */
import { groupBy, type Entry, type Filter, type Removal } from '../entry.ts'

/**
 * Where people labelled the input, only their answers count. The answer most often given stays; when there is
 * no single such answer nothing does, because whichever was kept would be chance.
 */
export const conflict: Filter = {
  meaning: 'same input as another row, with another answer',
  *find(entries) {
    for (const group of groupBy(entries, ({ row }) => row.key)) {
      if (group.length > 1) yield* contradictions(group)
    }
  },
}

function* contradictions(group: readonly Entry[]): Generator<Removal> {
  const labelled = group.filter(({ origin }) => origin === 'labelled')
  const answers = groupBy(labelled.length > 0 ? labelled : group, ({ answerKey }) => answerKey)
  answers.sort((a, b) => b.length - a.length)
  const [first, second] = answers
  const winner = second === undefined || first.length > second.length ? first[0] : null
  for (const entry of group) {
    if (winner === null) {
      const other = group.find(({ answerKey }) => answerKey !== entry.answerKey)
      if (other === undefined) continue
      const detail = `answered ${entry.answerKey} here and ${other.answerKey} in row ${other.row.id}, as often`
      yield { entry, detail, other: other.row }
    } else if (entry.answerKey !== winner.answerKey) {
      const whose = labelled.length > 0 ? 'people answered' : 'more rows answer'
      yield { entry, detail: `answered ${entry.answerKey}, ${whose} ${winner.answerKey}`, other: winner.row }
    }
  }
}
