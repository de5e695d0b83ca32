/** One row's work for the batches: tokens to be computed, some of which say how the row goes on. */
import type { Sequence } from './sequence.ts'
import type { GenerationResult } from '../types.ts'

export interface Job extends Call {
  /** All that are known so far; may grow with what is taken. */
  readonly tokens: readonly number[]
  /** Most tokens that are computed at once. */
  readonly chunkTokens: number
  /** The first that is wanted when the job begins: what stands before may be known from another job. */
  readonly firstWanted: number
  /** Whether the log-probabilities (V) of what follows the token at this index are wanted. */
  wants(index: number): boolean
  take(index: number, logProbabilities: Float32Array): void
  isDone(): boolean
  /** Called once it is done. */
  settle(): void
}

/** Whom a job is for. */
export interface Call {
  isCancelled(): boolean
  fail(error: unknown): void
}

const chunkTokens = 256
/** Each has V log-probabilities where a given text is scored. */
const scoredChunkTokens = 32

export function sequenceJob(sequence: Sequence, call: Call, settle: (result: GenerationResult) => void): Job {
  const { tokens } = sequence
  return {
    ...call,
    tokens,
    chunkTokens,
    firstWanted: tokens.length - 1,
    wants: (index) => index === tokens.length - 1,
    take: (_, logProbabilities) => sequence.takeOn(logProbabilities),
    isDone: () => sequence.result !== null,
    settle: () => settle(sequence.result as GenerationResult),
  }
}

/** Gives the log-probability of each token of the continuation. Both must have at least one token. */
export function scoringJob(
  prompt: Int32Array,
  continuation: Int32Array,
  call: Call,
  settle: (logProbabilities: Float32Array) => void,
): Job {
  const scored = new Float32Array(continuation.length)
  const firstWanted = prompt.length - 1
  let taken = 0
  return {
    ...call,
    tokens: [...prompt, ...continuation.subarray(0, -1)],
    chunkTokens: scoredChunkTokens,
    firstWanted,
    wants: (index) => index >= firstWanted,
    take(index, logProbabilities) {
      const place = index - firstWanted
      scored[place] = logProbabilities[continuation[place]]
      taken++
    },
    isDone: () => taken === scored.length,
    settle: () => settle(scored),
  }
}
