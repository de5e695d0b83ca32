/** Students: what training leaves behind, who trains them, and how an answer is had from one. */
import type { ChatModel } from './chat-model.ts'
import type { StepEvent, TrainProgress } from './event.ts'
import type { Json } from './json.ts'
import type { Example } from './row.ts'
import type { Task } from './task.ts'

export type StudentKind = 'micro' | 'lm'

export interface TrainingData {
  readonly training: readonly Example[]
  /** Held out for choices (epoch, blend, calibration, threshold); empty: the trainer cross-validates, by group. */
  readonly validation: readonly Example[]
}

export interface TrainOptions {
  readonly name: string
  readonly version: number
  readonly seed: number
  /** An empty or absent folder that the student is written to, whole or not at all. */
  readonly folder: string
  /** A folder where a trainer that takes long keeps what it needs to go on after a crash; it removes it at its end. */
  readonly checkpoint?: string
  /** Ends training soon; the best so far is kept. */
  readonly signal?: AbortSignal
  /** Cap on epochs; chosen by the trainer when absent. */
  readonly epochs?: number
  /** For kind lm. */
  readonly lm?: LanguageModelOptions
}

/** What a language model is adapted with; what is absent the trainer chooses by the number of rows. */
export interface LanguageModelOptions {
  /** Path of the open model: a .gguf file, or a folder with safetensors. */
  readonly base: string
  /** Of the LoRA adapter. */
  readonly rank?: number
  readonly learningRate?: number
  /** Rows a step. */
  readonly batchSize?: number
  /** How the student's weights are held when it answers; 8 bits when absent. */
  readonly weights?: 'int8' | 'float32'
}

/** Why a trainer cannot or would rather not train on this data. */
export interface Problem {
  readonly level: 'error' | 'warning'
  readonly text: string
  readonly hint?: string
}

/** What a student in training answered for a row that it had not learned from: choices rest on these. */
export interface HeldOutAnswer {
  readonly rowKey: string
  readonly output: Json
  readonly expected: Json
  /** Calibrated probability that the whole answer is right. */
  readonly confidence: number
}

export interface Overfitting {
  /** True when the held-out loss rose while the training loss still fell. */
  readonly detected: boolean
  /** One sentence for the user, whether detected or not. */
  readonly text: string
}

/** manifest.json of a student's folder. It holds nothing that differs between two runs with one seed. */
export interface Manifest {
  readonly format: 1
  readonly kind: StudentKind
  readonly name: string
  readonly version: number
  readonly task: Task
  readonly seed: number
  readonly training: {
    readonly rows: number
    readonly labelled: number
    readonly validationRows: number
    /** Hash over the examples' row keys and outputs. */
    readonly hash: string
  }
  /** One curve for each part that was trained by epochs. */
  readonly curves: readonly TrainProgress[]
  readonly overfitting: Overfitting
  /** "cross-validation" when nothing was held out for good. */
  readonly heldOutBy: 'validation rows' | 'cross-validation' | 'nothing'
  /** Mean absolute gap between confidence and accuracy on held-out rows, 0..1; null without held-out rows. */
  readonly expectedCalibrationError: number | null
  /** True when training was ended by the user before its time. */
  readonly interrupted: boolean
  /** What else the kind wants to say: sizes, blend weights, settings. */
  readonly details: Readonly<Record<string, Json>>
  /** SHA-256 of each further file of the folder. */
  readonly files: Readonly<Record<string, string>>
}

export interface TrainedStudent {
  readonly folder: string
  readonly manifest: Manifest
  readonly heldOut: readonly HeldOutAnswer[]
}

/** One a kind. */
export interface Trainer {
  readonly kind: StudentKind
  /** What is wrong with the task alone, whatever the rows: it is asked before anything is spent. */
  checkTask?(task: Task): readonly Problem[]
  /** An error means that `train` would refuse. */
  check(task: Task, data: TrainingData): readonly Problem[]
  /** Throws TRAINING_REFUSED or TASK_UNSUPPORTED before any work where `check` found an error. */
  train(task: Task, data: TrainingData, options: TrainOptions): AsyncGenerator<StepEvent, TrainedStudent>
  /** Opens a student's folder; throws STUDENT_DAMAGED where a file is missing or its hash differs. */
  open(folder: string): Promise<ChatModel>
}
