/** How a generator is opened, and what the process that answers is asked. */
import type { BaseModel, GenerationRequest, GenerationResult, LoraAdapter } from '../types.ts'
import type { WeightType } from './graph-builder.ts'

export interface GeneratorSettings {
  readonly base: BaseModel
  /** Worked into the weights before they are rounded; null for the base as it is. */
  readonly adapter: LoraAdapter | null
  /** int8 is what is served: faster, and a quarter of the memory. */
  readonly weights: WeightType
  /** Requests that are answered side by side; 16 when absent. */
  readonly slots?: number
  /** Most tokens of a prompt and its answer; 4096 or what the model was made for when absent. */
  readonly contextTokens?: number
  /** The number of physical cores when absent. */
  readonly threads?: number
}

// A type and not an interface: only then does it have no calls but these.
export type GeneratorCalls = {
  /** First, and once. `sha256` is the base's when it was opened: weights that have changed since are refused. */
  readonly open: {
    readonly input: Omit<GeneratorSettings, 'base'> & { readonly path: string; readonly sha256: string }
    readonly event: never
    readonly result: void
  }
  /** Events are pieces of the answer's text. */
  readonly generate: {
    readonly input: GenerationRequest
    readonly event: string
    readonly result: GenerationResult
  }
  readonly score: {
    readonly input: { readonly prompt: Int32Array; readonly continuation: Int32Array }
    readonly event: never
    readonly result: Float32Array
  }
}
