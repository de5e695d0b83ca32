/** The task: what goes in, what comes out, and the output's fields, which graders, curation and students go by. */
import type { Json, JsonObject, JsonScalar } from './json.ts'

/** One place of the output that is answered and judged by itself. */
export interface OutputField {
  /** Dotted path: "intent", "slots.city"; "label" or "text" where the whole answer is one value. */
  readonly path: string
  /** The keys on the way to it; empty where the whole answer is one value. */
  readonly segments: readonly string[]
  readonly kind: 'enum' | 'boolean' | 'number' | 'string' | 'strings' | 'json'
  /** The values of an enum, null not among them. */
  readonly values?: readonly JsonScalar[]
  readonly integer?: boolean
  readonly minimum?: number
  readonly maximum?: number
  /** null is a valid answer. */
  readonly nullable: boolean
  /** The key may be absent, which is another way of saying null. */
  readonly optional: boolean
  /** The schema says (`"x-quoted": true`) that strings are quoted from the input. */
  readonly quoted: boolean
}

export type TaskOutput =
  | { readonly kind: 'json'; readonly schema: JsonObject }
  | { readonly kind: 'labels'; readonly labels: readonly string[] }
  | { readonly kind: 'text' }

export interface Task {
  readonly name: string
  /** The name of the field that holds the input. */
  readonly input: string
  /** Further fields that stand before the input as `name=value` lines. */
  readonly context?: readonly string[]
  /** The short prompt that a student is trained and served with; "" for none. */
  readonly prompt: string
  readonly output: TaskOutput
  readonly fields: readonly OutputField[]
}

/** A reply's text as the task's value, or the reason why it is none. */
export type ParsedAnswer = { readonly value: Json } | { readonly invalid: string }
