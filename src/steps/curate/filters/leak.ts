/** Rows that would tell the student what it is measured on. */
import type { Row } from '../../../core/row.ts'
import {
  createNearLeakCheck,
  findExactLeaks,
  findPassageLeaks,
  type LeakCheck,
} from '../../../similarity/leaks.ts'
import { ownText, wholeText, type Filter, type FilterContext } from '../entry.ts'

export const leakExact = leakFilter('same input as an evaluation row', wholeText, () => findExactLeaks)

export const leakNear = leakFilter(
  'nearly the same input as an evaluation row',
  ownText,
  ({ leakSimilarity }) => createNearLeakCheck(leakSimilarity),
)

export const leakSubstring = leakFilter(
  'contains an evaluation row, or is part of one',
  ownText,
  () => findPassageLeaks,
)

function leakFilter(
  meaning: string,
  textOf: (row: Row) => string,
  createCheck: (context: FilterContext) => LeakCheck,
): Filter {
  return {
    meaning,
    *find(entries, context) {
      const training = entries.map(({ row }) => textOf(row))
      const leaks = createCheck(context)(training, context.evaluation.map(textOf))
      for (const [index, leak] of leaks.entries()) {
        if (leak === null) continue
        const other = context.evaluation[leak.index]
        const detail = `${meaning}: ${other.id}`
        yield { entry: entries[index], detail, other, similarity: leak.similarity }
      }
    },
  }
}
