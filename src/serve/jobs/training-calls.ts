/** What the process that trains a job's student is asked, and what it answers. */
import type { StepEvent, TrainProgress } from '../../core/event.ts'
import type { FileTraining } from '../../pipeline/train-on-files.ts'

export interface JobOutcome {
  readonly curves: readonly TrainProgress[]
  readonly trainedTokens: number
  readonly rows: number
}

export type JobCalls = {
  readonly train: {
    readonly input: FileTraining
    readonly event: StepEvent
    readonly result: JobOutcome
  }
}
