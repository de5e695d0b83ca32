/** What the process that trains is asked, and what it answers. */
import type { StepEvent, TrainProgress } from '../../../core/event.ts'
import type { TrainingSequence } from '../types.ts'
import type { BatchLimits } from './micro-batches.ts'
import type { TrainingSettings } from './settings.ts'

export interface TrainingInput {
  /** Of the base model. */
  readonly basePath: string
  readonly sequences: readonly TrainingSequence[]
  /** Empty: nothing is held out, and the last epoch is kept. */
  readonly validation: readonly TrainingSequence[]
  readonly settings: TrainingSettings
  readonly seed: number
  readonly checkpointFolder: string
}

export interface TrainingOutcome {
  /** The adapter's, flat: see `adapterLayout`. */
  readonly parameters: Float32Array
  readonly curve: readonly TrainProgress[]
  readonly interrupted: boolean
  /** Without padding; null when it went no step. */
  readonly tokensPerSecond: number | null
  readonly limits: BatchLimits
  /** As estimated before the first step. */
  readonly memoryBytes: number
}

export type TrainingCalls = {
  readonly train: {
    readonly input: TrainingInput
    readonly event: StepEvent
    readonly result: TrainingOutcome
  }
}
