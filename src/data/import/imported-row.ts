/** What an import finds in files, before anything is written. */
import type { Message } from '../../core/chat-model.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Place } from '../fault.ts'

/** What a record was recognised as, in words for the user. */
export type ImportKind =
  | 'stored completion'
  | 'fine-tuning example'
  | 'preference pair'
  | 'eval item'
  | 'eval output item'
  | 'row'

export interface ImportedRow {
  readonly kind: ImportKind
  readonly place: Place
  readonly id?: string
  /** The system message; null where there is none. */
  readonly system: string | null
  readonly history: readonly Message[]
  readonly input: string
  readonly answer?: Json
  /** The model that gave the answer; absent where nobody says who did. */
  readonly answeredBy?: string
  /** The JSON Schema that the answer was held to. */
  readonly schema?: JsonObject
}

/** An OpenAI eval's graders, as it was exported. */
export interface ImportedEval {
  readonly name: string
  readonly criteria: readonly Json[]
}

export interface LeftOut {
  readonly reason: string
  readonly count: number
  /** Where the first of them stands. */
  readonly first: Place
}

export interface Imported {
  readonly rows: readonly ImportedRow[]
  readonly evals: readonly ImportedEval[]
  /** Records by what they were recognised as. */
  readonly found: Readonly<Partial<Record<ImportKind | 'eval', number>>>
  readonly leftOut: readonly LeftOut[]
}
