/** What the process that trains a job's student is asked, and what it answers. */
import type { StepEvent, TrainProgress } from '../../core/event.ts'
import type { FileTraining } from '../../pipeline/train-on-files.ts'

export interface JobOutcome {
  readonly curves: readonly TrainProgress[]
  /** Tokens of the training rows, times epochs; null where they were not counted. */
  readonly trainedTokens: number | null
  /** Null for a training on a file alone. */
  readonly run: JobRun | null
}

export interface JobRun {
  /** "support-desk/3" */
  readonly id: string
  /** Absolute folder. */
  readonly student: string
  readonly verdict: string
  /** As Markdown. */
  readonly report: string
}

export type JobCalls = {
  readonly train: {
    readonly input: FileTraining
    readonly event: StepEvent
    readonly result: JobOutcome
  }
  readonly run: {
    readonly input: { readonly configFile: string; readonly data: string }
    readonly event: StepEvent
    readonly result: JobOutcome
  }
}
