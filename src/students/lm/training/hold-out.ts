/** Which rows a language model is not trained on, so that one can see whether it overfits. */
import { splitByGroup } from '../../../core/split.ts'
import { leastRowsToHoldOut } from '../check-training.ts'

const share = 0.1
const leastRows = 2

/** A tenth of the rows in whole groups, two rows or more; none where there are fewer than ten rows. */
export function holdOutRows<R extends { readonly group: string }>(
  rows: readonly R[],
  seed: number,
): { readonly training: readonly R[]; readonly validation: readonly R[] } {
  if (rows.length < leastRowsToHoldOut) return { training: rows, validation: [] }
  const { rest, heldOut } = splitByGroup(rows, Math.max(share, leastRows / rows.length), seed)
  return { training: rest, validation: heldOut }
}
