/** How a language model is adapted when the user does not say: by the number of training rows. */
import type { LinearName } from '../types.ts'
import { linearNames } from '../types.ts'

export interface TrainingSettings {
  readonly rank: number
  readonly alpha: number
  readonly targets: readonly LinearName[]
  readonly epochs: number
  /** Rows a step. */
  readonly batchSize: number
  /** At its highest, after the warm-up. */
  readonly learningRate: number
  /** Share of the steps in which the learning rate rises; it then falls to nothing along a cosine. */
  readonly warmUp: number
  readonly weightDecay: number
  /** Gradients longer than this are shortened to it. */
  readonly gradientNorm: number
  /** Training ends when the held-out loss has not fallen for so many epochs. */
  readonly patience: number
}

/**
 * Few rows are seen more often, in smaller steps, for a step changes little and there must be enough of them;
 * what they then learn by heart, the early stop gives back. From 250 rows on three passes are enough.
 */
const byRows: readonly {
  readonly from: number
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
}[] = [
  { from: 2000, epochs: 2, batchSize: 16, learningRate: 1e-3 },
  { from: 250, epochs: 3, batchSize: 8, learningRate: 1e-3 },
  { from: 100, epochs: 4, batchSize: 8, learningRate: 1e-3 },
  { from: 30, epochs: 6, batchSize: 4, learningRate: 1e-3 },
  { from: 0, epochs: 12, batchSize: 2, learningRate: 1e-3 },
]

export type ChosenSettings = Partial<
  Pick<TrainingSettings, 'rank' | 'epochs' | 'batchSize' | 'learningRate' | 'targets'>
>

/** `epochs` that are chosen are a cap on the table's; the rest replaces what the table says. */
export function chooseSettings(rows: number, chosen: ChosenSettings = {}): TrainingSettings {
  const { epochs, batchSize, learningRate } = byRows.find(({ from }) => rows >= from) ?? byRows[0]
  const rank = chosen.rank ?? 16
  return {
    rank,
    alpha: 2 * rank,
    targets: chosen.targets ?? linearNames,
    epochs: Math.min(epochs, chosen.epochs ?? epochs),
    batchSize: chosen.batchSize ?? batchSize,
    learningRate: chosen.learningRate ?? learningRate,
    warmUp: 0.05,
    weightDecay: 0,
    gradientNorm: 1,
    patience: 2,
  }
}
