/** Tokens by model, from the forms in which usage comes. */
import type { RunCreateResponse } from 'openai/resources/evals/runs/runs'
import type { Usage } from '../../core/chat-model.ts'
import type { Json } from '../../core/json.ts'
import { readUsage } from '../../models/chat-reply.ts'

type ModelUsage = RunCreateResponse.PerModelUsage

/** One invocation of a model; none where nobody was asked. Tokens that nobody counted are 0. */
export function usageOf(model: string | undefined, usage: Usage | Json | undefined): readonly ModelUsage[] {
  if (model === undefined) return []
  const known = isUsage(usage) ? usage : readUsage({ usage: usage ?? null })
  const { promptTokens = 0, completionTokens = 0, cachedPromptTokens = 0 } = known ?? {}
  return [
    {
      model_name: model,
      invocation_count: 1,
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      cached_tokens: cachedPromptTokens,
      total_tokens: promptTokens + completionTokens,
    },
  ]
}

function isUsage(usage: Usage | Json | undefined): usage is Usage {
  return typeof usage === 'object' && usage !== null && 'promptTokens' in usage
}

/** One entry a model, in the order of their first use. */
export function addUsage(all: readonly ModelUsage[], more: readonly ModelUsage[]): ModelUsage[] {
  const sums = new Map(all.map((entry) => [entry.model_name, entry]))
  for (const entry of more) {
    const known = sums.get(entry.model_name)
    sums.set(
      entry.model_name,
      known === undefined
        ? entry
        : {
            model_name: entry.model_name,
            invocation_count: known.invocation_count + entry.invocation_count,
            prompt_tokens: known.prompt_tokens + entry.prompt_tokens,
            completion_tokens: known.completion_tokens + entry.completion_tokens,
            cached_tokens: known.cached_tokens + entry.cached_tokens,
            total_tokens: known.total_tokens + entry.total_tokens,
          },
    )
  }
  return [...sums.values()]
}
