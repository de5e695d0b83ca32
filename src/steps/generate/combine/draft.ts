/** What one teacher of several said to a request, and what is made of all of it. */
import type { ChatModel, ChatRequest, Reply } from '../../../core/chat-model.ts'
import type { Json } from '../../../core/json.ts'
import type { ParsedAnswer, Task } from '../../../core/task.ts'
import type { Reliability } from '../../../statistics/combine-answers.ts'

export interface Draft {
  readonly teacher: string
  readonly reply: Reply
  /** The answer, or why it is none. */
  readonly parsed: ParsedAnswer
}

export interface Combined {
  readonly content: string
  readonly finishReason: string
  readonly soft?: Reply['soft']
  /** The reply that it was taken from as it is. */
  readonly from?: Reply
  /** Replies beside the drafts that it took: a judge's, a writer's. */
  readonly further?: readonly Reply[]
}

export interface CombineContext {
  readonly task: Task
  readonly parse: (content: string) => ParsedAnswer
  /** For weighted: by teacher, then field path. */
  readonly reliabilities?: Readonly<Record<string, Readonly<Record<string, Reliability>>>>
  /** For best-of and blend: the model that picks or writes. */
  readonly judge?: ChatModel
  readonly rubric?: string
}

/** One a way of combining. Of the drafts there is at least one; they are in the order of the config. */
export type Combiner = (
  drafts: readonly Draft[],
  context: CombineContext,
  request: ChatRequest,
  signal: AbortSignal | undefined,
) => Promise<Combined>

/** The draft as it is. */
export function asItIs({ reply }: Draft): Combined {
  return { content: reply.content, finishReason: reply.finishReason, from: reply }
}

export function validDrafts(drafts: readonly Draft[]): { readonly draft: Draft; readonly value: Json }[] {
  return drafts.flatMap((draft) =>
    'value' in draft.parsed && draft.reply.refusal === undefined
      ? [{ draft, value: draft.parsed.value }]
      : [],
  )
}
