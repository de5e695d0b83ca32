/** Chooses which rows are held out of training: the validation rows where there are any, else folds of the training rows. */
import { createRandom } from '../../core/random.ts'
import type { Example } from '../../core/row.ts'
import type { TrainingData } from '../../core/student.ts'
import { leastRowsToHoldOut } from './check-training.ts'
import type { HeldOut } from './held-out.ts'

const mostFolds = 5

/** The same rows for every part, whatever its form of a row is. */
export function chooseHeldOut({ training, validation }: TrainingData, seed: number): HeldOut<Example> {
  if (validation.length > 0) return { kind: 'rows', rows: validation }
  const groups = new Set(training.map(({ row }) => row.group)).size
  if (training.length < leastRowsToHoldOut || groups < 2) return { kind: 'nothing' }
  const count = Math.min(mostFolds, groups)
  return { kind: 'folds', count, foldOf: assignFolds(training, count, seed) }
}

/** Groups in random order, the largest first, each to the fold that has the fewest rows so far. */
function assignFolds(training: readonly Example[], count: number, seed: number): Uint8Array {
  const sizes = new Map<string, number>()
  for (const { row } of training) sizes.set(row.group, (sizes.get(row.group) ?? 0) + 1)
  const groups = createRandom(seed).shuffle([...sizes])
  const rowsIn = Array.from({ length: count }, () => 0)
  const foldOf = new Map<string, number>()
  for (const [group, size] of groups.sort((a, b) => b[1] - a[1])) {
    const fold = rowsIn.indexOf(Math.min(...rowsIn))
    rowsIn[fold] += size
    foldOf.set(group, fold)
  }
  return Uint8Array.from(training, ({ row }) => foldOf.get(row.group) ?? 0)
}

/** The same choice with another form of a row. */
export function mapHeldOut<PartRow>(
  heldOut: HeldOut<Example>,
  toRow: (example: Example) => PartRow,
): HeldOut<PartRow> {
  return heldOut.kind === 'rows' ? { kind: 'rows', rows: heldOut.rows.map(toRow) } : heldOut
}
