/** Guesses a call's tokens before it is sent, better with each reply: for limits per minute and the budget. */
import type { Usage } from '../core/chat-model.ts'
import { priceOf, type Price } from './prices.ts'

export interface CallEstimate {
  readonly tokens: number
  /** 0 where the price is unknown: such calls are not held by a budget. */
  readonly usd: number
}

export interface CallEstimator {
  estimate(bodyBytes: number, maxTokens: number | undefined): CallEstimate
  learn(bodyBytes: number, usage: Usage): void
}

/** English text in JSON, before the first reply says better. */
const firstTokensPerByte = 1 / 3.5
/** A structured answer rarely has more. */
const firstCompletionTokens = 500

/** Errs on the high side: answers are taken to be as long as the longest so far. */
export function createCallEstimator(price: Price | null): CallEstimator {
  let bytes = 0
  let promptTokens = 0
  let longestCompletion = 0
  return {
    estimate(bodyBytes, maxTokens = Infinity) {
      const rate = bytes === 0 ? firstTokensPerByte : promptTokens / bytes
      const prompt = Math.ceil(bodyBytes * rate)
      const completion = Math.min(maxTokens, longestCompletion || firstCompletionTokens)
      const usage = { promptTokens: prompt, cachedPromptTokens: 0, completionTokens: completion }
      return { tokens: prompt + completion, usd: price === null ? 0 : priceOf(price, usage) }
    },
    learn(bodyBytes, usage) {
      bytes += bodyBytes
      promptTokens += usage.promptTokens
      longestCompletion = Math.max(longestCompletion, usage.completionTokens)
    },
  }
}
