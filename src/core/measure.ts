/** What evaluation measures of one arm on the evaluation rows, and what is said about arms side by side. */
import type { ChatModel } from './chat-model.ts'
import type { Json } from './json.ts'

export type ArmRole = 'teacher' | 'reference' | 'floor' | 'before' | 'after' | 'cascade'

/** Low and high end, both in the unit of what they enclose. */
export type Interval = readonly [low: number, high: number]

/** One arm's answer to one evaluation row, judged. */
export interface JudgedAnswer {
  readonly rowId: string
  readonly rowKey: string
  /** The text as it came; null when the call failed. */
  readonly content: string | null
  /** The parsed answer; absent when invalid or failed. */
  readonly value?: Json
  /** Why there is no value: failed call, bad JSON, not valid against the schema. */
  readonly fault?: string
  /** Field path to right or wrong; an invalid or failed answer is wrong on every field. */
  readonly correct: Readonly<Record<string, boolean>>
  /** The task's metric on this row, 0..1: the mean over fields, or the mean of the graders for text. */
  readonly score: number
  /** All fields right. */
  readonly exact: boolean
  /** By grader name; null where the grader itself failed. */
  readonly grades: Readonly<Record<string, number | null>>
  /** By grader name: whether its score is enough for it; a score of 1 is, where this is absent. */
  readonly passed?: Readonly<Record<string, boolean>>
  readonly confidence?: number
  readonly latencyMs: number | null
  readonly priceUsd: number | null
  /** For a cascade: which of the two answered. */
  readonly answeredBy?: 'student' | 'teacher'
}

export interface FieldScore {
  readonly path: string
  readonly accuracy: number
  readonly interval: Interval
  /** Nullable fields: the same on the rows whose expected value is not null. */
  readonly whenPresent?: { readonly rows: number; readonly accuracy: number; readonly interval: Interval }
}

export interface GraderScore {
  readonly name: string
  readonly mean: number
  readonly interval: Interval
  readonly passed: number
  readonly errors: number
}

/** One line of the before/after table. */
export interface Arm {
  readonly name: string
  readonly role: ArmRole
  readonly model: string
  /** "recorded" is shown wherever the arm is. */
  readonly source: ChatModel['source'] | 'cascade'
  readonly rows: number
  readonly score: number
  readonly interval: Interval
  readonly exactMatch: number
  readonly exactMatchInterval: Interval
  readonly fields: readonly FieldScore[]
  readonly graders: readonly GraderScore[]
  /** Share of answers valid against the output schema. */
  readonly valid: number
  /** Rows whose call failed for good. */
  readonly failed: number
  readonly priceUsdPer1000: number | null
  /** How the price came about: "provider usage", "as if answered by openai/gpt-6-sol", "processor time at ...". */
  readonly priceBasis: string
  /** null where there is none, as for recorded answers. */
  readonly latencyP50Ms: number | null
  readonly latencyP95Ms: number | null
  /** Students: gap between confidence and exact match on the evaluation rows. */
  readonly expectedCalibrationError: number | null
}

/** Two arms on the same rows, `first` minus `second`. */
export interface Comparison {
  readonly first: string
  readonly second: string
  /** Difference of the mean scores, -1..1, with its paired 95 % interval. */
  readonly difference: number
  readonly interval: Interval
  /** Rows where only one of the two was exactly right, and McNemar's exact p-value. */
  readonly wins: number
  readonly losses: number
  readonly pValue: number
}

export type VerdictWord = 'ship' | 'ship_with_fallback' | 'do_not_ship' | 'not_enough_data' | 'no_need'

export interface Verdict {
  readonly verdict: VerdictWord
  /** The arm that the student would replace. */
  readonly replaces: string
  readonly metric: 'score' | 'exactMatch'
  readonly marginPoints: number
  /** Why, in one or two sentences with the figures. */
  readonly reason: string
  /** Fields on which the student is worse than the replaced arm beyond the margin, with the paired difference. */
  readonly worseFields: readonly {
    readonly path: string
    readonly difference: number
    readonly interval: Interval
  }[]
  /** not_enough_data: about how many more evaluation rows would settle it. */
  readonly moreRows?: number
  /** ship_with_fallback: the confidence below which the teacher answers, and the share that the student keeps. */
  readonly threshold?: number
  readonly coverage?: number
}
