/** One request while it is answered: its tokens so far, what may follow, and the result at the end. */
import { createRandom } from '../../../core/random.ts'
import type { TextTokenizer } from '../text/tokenizer.ts'
import type { GenerationRequest, GenerationResult, TokenConstraint } from '../types.ts'
import { createAnswerStream } from './answer-stream.ts'
import { chooseToken, type Choice } from './choose-token.ts'

export interface Sequence {
  /** The prompt and the answer so far. */
  readonly tokens: readonly number[]
  /** Null until the answer is complete. */
  readonly result: GenerationResult | null
  /** Goes on by the token chosen by these V log-probabilities, and by all tokens that can only follow then. */
  takeOn(logProbabilities: Float32Array): void
}

export interface SequenceOptions {
  readonly request: GenerationRequest
  readonly tokenizer: TextTokenizer
  readonly constraint: TokenConstraint | null
  /** Most tokens of prompt and answer together; the prompt has fewer. */
  readonly contextTokens: number
  readonly onText?: (text: string) => void
}

type TokenLogprob = NonNullable<GenerationResult['logprobs']>[number]

export function createSequence(options: SequenceOptions): Sequence {
  const { request, tokenizer, constraint, contextTokens } = options
  const tokens = Array.from(request.prompt)
  const random = createRandom(request.seed)
  const stream = createAnswerStream(
    tokenizer.streamDecoder(),
    (request.stop ?? []).filter((stop) => stop !== ''),
    options.onText ?? (() => {}),
  )
  const endOfTurn = new Set(tokenizer.endOfTurnIds)
  const mostTokens = Math.min(request.prompt.length + request.maxTokens, contextTokens)
  const logprobs: TokenLogprob[] = []
  const state = { result: null as GenerationResult | null, logProbability: 0, choices: 0 }
  const finish = (finishReason: GenerationResult['finishReason']): void => {
    stream.end()
    state.result = {
      tokens: tokens.slice(request.prompt.length),
      text: stream.text,
      finishReason,
      promptTokens: request.prompt.length,
      logProbability: state.logProbability,
      choices: state.choices,
      ...(request.logprobs === undefined ? {} : { logprobs }),
    }
  }
  const textOf = (token: number): string => tokenizer.decode([token])
  /** `choice` is null for a token that could only follow. */
  const accept = (token: number, choice: Choice | null): void => {
    if (choice !== null && choice.allowed > 1) {
      state.choices++
      state.logProbability += choice.logProbability
    }
    if (endOfTurn.has(token)) return finish('stop')
    constraint?.advance(token)
    tokens.push(token)
    if (request.logprobs !== undefined) logprobs.push(describe(token, choice, textOf))
    if (stream.push(token) || constraint?.complete === true) return finish('stop')
    if (tokens.length >= mostTokens) finish('length')
  }
  const acceptForced = (): void => {
    for (let forced = next(); forced.length > 0; forced = next()) {
      for (const token of forced) if (state.result === null) accept(token, null)
    }
  }
  const remaining = (): number => mostTokens - tokens.length
  const next = (): readonly number[] =>
    state.result === null ? [...(constraint?.forced(remaining()) ?? [])] : []
  if (request.maxTokens <= 0) finish('length')
  acceptForced()
  return {
    tokens,
    get result() {
      return state.result
    },
    takeOn(logProbabilities) {
      const { temperature, topP = 1, logprobs: alternatives = 0 } = request
      const allowed = constraint?.allowed(remaining()) ?? null
      const choice = chooseToken(logProbabilities, { allowed, temperature, topP, random, alternatives })
      accept(choice.token, choice)
      acceptForced()
    },
  }
}

function describe(token: number, choice: Choice | null, textOf: (token: number) => string): TokenLogprob {
  return {
    token: textOf(token),
    logprob: choice?.logProbability ?? 0,
    alternatives: (choice?.alternatives ?? []).map((other) => ({
      token: textOf(other.token),
      logprob: other.logProbability,
    })),
  }
}
