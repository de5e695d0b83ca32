/** What long steps yield while they work, and the one loop that consumes them. */

export type StepName = 'evaluate' | 'generate' | 'curate' | 'train' | 'report'

export type StepEvent =
  | {
      readonly type: 'step'
      readonly step: StepName
      readonly title: string
      readonly state: 'started' | 'finished' | 'skipped'
      readonly detail?: string
    }
  | {
      readonly type: 'progress'
      readonly step: StepName
      readonly label: string
      readonly done: number
      readonly total: number
      readonly spentUsd?: number
      readonly detail?: string
    }
  | TrainProgress
  | { readonly type: 'message'; readonly level: 'info' | 'warning'; readonly text: string }

/** One line of a training curve. Losses are mean cross-entropies in nats; null where nothing is held out. */
export interface TrainProgress {
  readonly type: 'train'
  /** Which part of the student: "classifier", "tagger". */
  readonly part: string
  readonly epoch: number
  readonly epochs: number
  readonly trainLoss: number
  readonly validationLoss: number | null
  /** Share of held-out rows answered rightly by this part, 0..1. */
  readonly validationAccuracy: number | null
  /** True when this epoch is the best so far: the one that is kept. */
  readonly best: boolean
}

/** Runs a step to its end, handing each event on. */
export async function drain<Result>(
  generator: AsyncGenerator<StepEvent, Result>,
  onEvent: (event: StepEvent) => void,
): Promise<Result> {
  for (;;) {
    const turn = await generator.next()
    if (turn.done === true) return turn.value
    onEvent(turn.value)
  }
}
