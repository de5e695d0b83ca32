/**
 * Answers many requests at once: those under way are taken on together, one step after another; new ones join
 * as rows come free. A request's neighbours change neither which tokens may be chosen for it, nor its random numbers,
 * nor how its numbers are rounded to 8 bits; but how many tokens are computed together decides the order of additions
 * within matrix products. So a greedy answer is the same whatever else is under way, except where two tokens come
 * out equally likely to about six digits.
 */
import { PotstillError } from '../../../core/errors.ts'
import type { TextTokenizer } from '../text/tokenizer.ts'
import type { ConstraintSource, GenerationResult, TextGenerator, TokenConstraint } from '../types.ts'
import { closedError, workThrough } from './batches.ts'
import type { Decoder } from './decoder.ts'
import { scoringJob, sequenceJob, type Call, type Job } from './job.ts'
import { createRows } from './rows.ts'
import { createSequence } from './sequence.ts'

export interface ScoringGenerator extends TextGenerator {
  /**
   * Natural logarithm of the probability of each token of `continuation` where it stands behind the prompt and those
   * before it. Both have at least one token.
   */
  score(
    prompt: Int32Array,
    continuation: Int32Array,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Float32Array>
}

export interface GeneratorOptions {
  readonly decoder: Decoder
  readonly tokenizer: TextTokenizer
  /** Called once a request that has a constraint. */
  readonly createConstraint: (source: ConstraintSource, tokenizer: TextTokenizer) => TokenConstraint
}

/** A cancelled call rejects with its signal's reason at once, and leaves its row at the next step. */
export function createGenerator({
  decoder,
  tokenizer,
  createConstraint,
}: GeneratorOptions): ScoringGenerator {
  const { contextTokens } = decoder
  const queue: Job[] = []
  const state = { isClosed: false, working: null as Promise<void> | null }
  const rows = createRows(decoder.cache, decoder.architecture, contextTokens)
  const work = async (): Promise<void> => {
    await workThrough({ decoder, rows, queue, isClosed: () => state.isClosed })
    state.working = queue.length === 0 ? null : work()
  }
  const submit = async <Result>(
    signal: AbortSignal | undefined,
    begin: BeginJob<Result>,
  ): Promise<Result> => {
    signal?.throwIfAborted()
    if (state.isClosed) throw closedError()
    return cancellable(signal, (call, settle) => {
      queue.push(begin(call, settle))
      state.working ??= work()
    })
  }
  return {
    generate: (request, { signal, onText } = {}) =>
      submit<GenerationResult>(signal, (call, settle) => {
        checkPrompt(request.prompt, contextTokens - 1)
        const constraint =
          request.constraint === undefined ? null : createConstraint(request.constraint, tokenizer)
        const sequence = createSequence({ request, tokenizer, constraint, contextTokens, onText })
        return sequenceJob(sequence, call, settle)
      }),
    score: (prompt, continuation, { signal } = {}) =>
      submit<Float32Array>(signal, (call, settle) => {
        checkPrompt(prompt, contextTokens - continuation.length)
        return scoringJob(prompt, continuation, call, settle)
      }),
    async close() {
      if (state.isClosed) return
      state.isClosed = true
      await state.working
      await decoder.close()
    },
  }
}

type BeginJob<Result> = (call: Call, settle: (result: Result) => void) => Job

/** What `begin` throws is thrown. */
function cancellable<Result>(
  signal: AbortSignal | undefined,
  begin: (call: Call, settle: (result: Result) => void) => void,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason as Error)
    const stopListening = (): void => signal?.removeEventListener('abort', onAbort)
    const call: Call = {
      isCancelled: () => signal?.aborted === true,
      fail(error) {
        stopListening()
        reject(error)
      },
    }
    begin(call, (result) => {
      stopListening()
      resolve(result)
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function checkPrompt(prompt: Int32Array, most: number): void {
  if (prompt.length >= 1 && prompt.length <= most) return
  const text = `The prompt has ${prompt.length} tokens; it must have 1 to ${most}`
  throw new PotstillError('MODEL_REQUEST_REFUSED', text, {
    hint: 'Shorten the prompt or the input; the model has no room for more.',
  })
}
