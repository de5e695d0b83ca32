/** Everything the report says, as data: report.json. The renderers add words and drawings, never figures. */
import type { CurationSummary } from './curation.ts'
import type { TrainProgress } from './event.ts'
import type { Json } from './json.ts'
import type { Arm, ArmRole, Comparison, Verdict } from './measure.ts'
import type { Overfitting, StudentKind } from './student.ts'
import type { OutputField } from './task.ts'

/** Precision, recall and their harmonic mean for one value of one field of the student's answers. */
export interface ClassScore {
  /** The value as JSON text. */
  readonly value: string
  /** Evaluation rows whose expected value it is. */
  readonly rows: number
  readonly precision: number | null
  readonly recall: number | null
  readonly f1: number | null
}

export interface FieldDetail {
  readonly path: string
  readonly classes: readonly ClassScore[]
  /** `counts[i][j]`: rows expected `values[i]` and answered `values[j]`. */
  readonly confusion: { readonly values: readonly string[]; readonly counts: readonly (readonly number[])[] }
}

/** One point of the curve of accuracy at coverage, on the evaluation rows. */
export interface CoveragePoint {
  /** The student answers where its confidence is at least this. */
  readonly threshold: number
  /** Share of rows that the student answers, 0..1. */
  readonly coverage: number
  /** Mean score of the student on the rows that it answers. */
  readonly studentScore: number
  /** Mean score of student and teacher together on all rows. */
  readonly cascadeScore: number
}

export interface CostLine {
  readonly arm: string
  readonly role: ArmRole
  readonly usdPer1000: number | null
  readonly basis: string
  readonly latencyP50Ms: number | null
  readonly latencyP95Ms: number | null
}

/** One evaluation row that the student got wrong, its answers side by side. */
export interface WorstRow {
  readonly rowId: string
  readonly input: string
  readonly expected: Json
  readonly confidence: number | null
  readonly wrongFields: readonly string[]
  readonly answers: readonly { readonly arm: string; readonly value: Json | null; readonly fault?: string }[]
}

export interface ReportData {
  readonly format: 1
  readonly name: string
  /** Free text from the config. */
  readonly note: string | null
  readonly run: {
    readonly id: string
    readonly folder: string
    readonly startedAt: string
    readonly finishedAt: string
    readonly seconds: number
    readonly seed: number
    readonly potstill: string
    readonly node: string
    readonly platform: string
    readonly processor: string
  }
  readonly task: {
    readonly input: string
    readonly prompt: string
    readonly output: 'json' | 'labels' | 'text'
    readonly fields: readonly OutputField[]
  }
  readonly data: {
    readonly evaluationRows: number
    readonly labelledRows: number
    readonly unlabelledRows: number
    readonly trainingRows: number
    readonly validationRows: number
    /** How evaluation rows came about: a file of their own, or split off by group before generating. */
    readonly evaluationFrom: string
  }
  /** In the order of the table: teachers, references, floor, before, after, cascade. */
  readonly arms: readonly Arm[]
  /** after-before, after-replaced, after-teacher, cascade-replaced: those that there are. */
  readonly comparisons: readonly Comparison[]
  readonly verdict: Verdict
  /** What a reader should know before trusting a figure: few rows, recorded answers, failed calls. */
  readonly warnings: readonly string[]
  readonly fields: readonly FieldDetail[]
  readonly training: {
    readonly kind: StudentKind
    readonly seconds: number
    readonly heldOutBy: string
    readonly curves: readonly TrainProgress[]
    readonly overfitting: Overfitting
    readonly interrupted: boolean
    readonly expectedCalibrationError: number | null
    readonly sizeBytes: number
    readonly details: Readonly<Record<string, Json>>
    /** What this many training rows are worth, in one sentence; null when there is nothing to say. */
    readonly worth: string | null
  }
  readonly generation: {
    readonly model: string
    readonly source: string
    readonly asked: number
    readonly answered: number
    readonly failed: number
    readonly fromCallLog: number
    readonly usd: number | null
    readonly usdBasis: string
  }
  readonly curation: CurationSummary
  readonly coverage: {
    readonly points: readonly CoveragePoint[]
    /** Chosen on held-out training rows, never on evaluation rows; null when none keeps enough. */
    readonly chosenThreshold: number | null
    readonly chosenOn: string
    /** The highest coverage at which the mixture scored no less than the teacher behind it. */
    readonly losslessCoverage: number | null
  }
  readonly costs: {
    readonly lines: readonly CostLine[]
    readonly usdPerCoreHour: number
    readonly teacherUsd: number | null
    readonly trainingUsd: number
    /** Calls after which teacher answers and training are paid back; null when nothing is saved. */
    readonly breakEvenCalls: number | null
    readonly breakEvenText: string
    readonly pricesAsOf: string
  }
  readonly worstRows: readonly WorstRow[]
  readonly terms: {
    readonly model: string
    readonly status: 'allowed' | 'restricted' | 'unknown'
    readonly text: string
    readonly url: string | null
  }
  readonly reproduce: {
    readonly commands: readonly string[]
    /** File name to SHA-256, of everything that was read. */
    readonly inputs: Readonly<Record<string, string>>
    /** The config as it was read, defaults filled in, as YAML. */
    readonly config: string
    readonly studentHash: string
  }
  /** What to try next, most useful first. */
  readonly next: readonly string[]
}

export interface JournalEntry {
  readonly at: string
  readonly step: string
  readonly text: string
  readonly settings: Readonly<Record<string, Json>>
  readonly figures: Readonly<Record<string, Json>>
  /** Repeats the step. */
  readonly command: string
}
