/** An open model, untuned or adapted, as a ChatModel: answers many requests side by side, held to what they ask for. */
import type { ChatModel, ChatRequest, Message, Reply } from '../../core/chat-model.ts'
import { PotstillError } from '../../core/errors.ts'
import { coreCount } from '../../engine/threads.ts'
import { openGenerator } from './generation/open-generator.ts'
import { createChatEncoder, promptIds, type ChatEncoder } from './text/encode-conversation.ts'
import type { ConstraintSource, GenerationResult, LoraAdapter, TextGenerator } from './types.ts'
import { openBaseModel } from './weights/base-model.ts'

export interface LanguageModelSettings {
  readonly id: string
  readonly source: ChatModel['source']
  /** Of the open model. */
  readonly basePath: string
  /** null for the model as it is. */
  readonly adapter: LoraAdapter | null
  readonly weights: 'int8' | 'float32'
  /** Requests that are answered side by side. */
  readonly slots?: number
  /** Most tokens of an answer where the request does not say. */
  readonly maxTokens: number
  /** What is asked in place of the request's own turns. */
  readonly conversation?: (request: ChatRequest) => readonly Message[]
  /** What an answer is held to. */
  readonly constraint: (request: ChatRequest) => ConstraintSource | undefined
  /** From the sum of an answer's log-probabilities to the probability that it is right; absent: no confidence. */
  readonly confidence?: (result: GenerationResult) => number
}

const defaultSlots = 16

interface Opened {
  readonly encoder: ChatEncoder
  readonly generator: TextGenerator
}

/** Opens the weights with the first request and lets go of them with `close`; a request after that opens them anew. */
export function createLanguageModel(settings: LanguageModelSettings): ChatModel {
  const { id, source, slots = defaultSlots } = settings
  const clock = createSharedClock()
  let opened: Promise<Opened> | null = null
  /** A failure is forgotten, so that it can be mended while a server runs. */
  const openOnce = (): Promise<Opened> => {
    if (opened !== null) return opened
    const opening = open(settings, slots)
    opened = opening
    opening.catch(() => (opened = opened === opening ? null : opened))
    return opening
  }
  return {
    id,
    source,
    parallel: slots,
    async complete(request, signal) {
      const { encoder, generator } = await openOnce()
      const start = performance.now()
      const share = clock.enter()
      try {
        const generation = generationOf(settings, encoder, request)
        const result = await generator.generate(generation, signal === undefined ? {} : { signal })
        return replyOf(settings, result, performance.now() - start, share() * coreCount())
      } catch (error) {
        if (signal?.aborted !== true) throw error
        throw new PotstillError('INTERRUPTED', `an answer of ${id} was interrupted`, { cause: error })
      } finally {
        clock.leave()
      }
    },
    async close() {
      const closing = opened
      opened = null
      if (closing !== null) await closing.then(({ generator }) => generator.close())
    },
  }
}

async function open({ basePath, adapter, weights }: LanguageModelSettings, slots: number): Promise<Opened> {
  const base = await openBaseModel(basePath)
  try {
    const encoder = createChatEncoder(base.tokenizer)
    return { encoder, generator: await openGenerator({ base, adapter, weights, slots }) }
  } finally {
    await base.close()
  }
}

function generationOf(
  { conversation, constraint, maxTokens }: LanguageModelSettings,
  encoder: ChatEncoder,
  request: ChatRequest,
): Parameters<TextGenerator['generate']>[0] {
  const held = constraint(request)
  return {
    prompt: promptIds(encoder, conversation === undefined ? request.messages : conversation(request)),
    maxTokens: request.maxTokens ?? maxTokens,
    temperature: request.temperature ?? 0,
    seed: (request.seed ?? 0) + (request.repeat ?? 0),
    ...(held === undefined ? {} : { constraint: held }),
    ...(request.logprobs === true ? { logprobs: 5 } : {}),
  }
}

function replyOf(
  { confidence }: LanguageModelSettings,
  result: GenerationResult,
  latencyMs: number,
  processorMs: number,
): Reply {
  const { text, finishReason, promptTokens, tokens, logprobs } = result
  return {
    content: text,
    finishReason,
    usage: { promptTokens, cachedPromptTokens: 0, completionTokens: tokens.length },
    latencyMs,
    processorMs,
    priceUsd: null,
    ...(confidence === undefined ? {} : { confidence: confidence(result) }),
    ...(logprobs === undefined ? {} : { logprobs }),
    raw: null,
  }
}

interface SharedClock {
  /** Begins a request; the function that it gives says how much of the time since was this request's, in milliseconds. */
  enter(): () => number
  leave(): void
}

/** Of the time in which several requests are under way, each has its equal share. */
function createSharedClock(): SharedClock {
  let active = 0
  let shared = 0
  let since = performance.now()
  const advance = (): void => {
    const now = performance.now()
    if (active > 0) shared += (now - since) / active
    since = now
  }
  return {
    enter() {
      advance()
      active++
      const start = shared
      return () => {
        advance()
        return shared - start
      }
    },
    leave() {
      advance()
      active--
    },
  }
}
