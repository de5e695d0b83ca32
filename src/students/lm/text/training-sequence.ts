/** Turns conversations into ids to learn from, which begin with exactly the ids that serving starts from. */
import type { Message } from '../../../core/chat-model.ts'
import { PotstillError } from '../../../core/errors.ts'
import type { TrainingSequence } from '../types.ts'
import {
  breakUp,
  encodeRendered,
  guardFor,
  promptIds,
  renderGuarded,
  type ChatEncoder,
} from './encode-conversation.ts'

/** `weight: 0` on an assistant's turn: it is read but not learned from. Turns of others never are. */
export interface WeightedMessage extends Message {
  readonly weight?: 0 | 1
}

/**
 * The sequences of one conversation: one, but for templates that write an earlier answer otherwise than it
 * was asked for (Qwen3 leaves thoughts out), where each answer has its own. A sequence ends with its last
 * answer and one end-of-turn token, both trained; before it stand the `promptIds` of the turns before it.
 * Throws TRAINING_REFUSED where there is nothing to learn, or the model's files name no end-of-turn token.
 */
export function trainingSequences(
  encoder: ChatEncoder,
  messages: readonly WeightedMessage[],
): readonly TrainingSequence[] {
  let learned = messages.flatMap((message, index) => (isLearned(message) ? [index] : []))
  if (learned.length === 0) {
    throw new PotstillError('TRAINING_REFUSED', 'A row has no turn of the assistant to learn from.', {
      hint: 'Give it an answer, or a turn of the assistant without `weight: 0`.',
    })
  }
  const sequences: TrainingSequence[] = []
  while (learned.length > 0) {
    const [sequence, left] = sequenceUpTo(encoder, messages, learned)
    sequences.unshift(sequence)
    learned = left
  }
  return sequences
}

/** Sequences within the limit, and how many were left out: none is cut, for an answer cut short never ends. */
export function withinLength(
  sequences: readonly TrainingSequence[],
  tokens: number,
): { readonly kept: readonly TrainingSequence[]; readonly leftOut: number } {
  const kept = sequences.filter((sequence) => sequence.ids.length <= tokens)
  return { kept, leftOut: sequences.length - kept.length }
}

/** Throws TRAINING_REFUSED for a sequence from which nothing, or never to stop, would be learned. */
export function checkSequence({ tokenizer }: ChatEncoder, { ids, trained }: TrainingSequence): void {
  if (!trained.includes(1)) {
    throw new PotstillError(
      'TRAINING_REFUSED',
      'A row has no token to learn from: all of them are masked out.',
    )
  }
  const end = ids.length - 1
  if (trained[end] !== 1 || !tokenizer.endOfTurnIds.includes(ids[end])) {
    const shown = JSON.stringify(tokenizer.decode([ids[end]]))
    throw new PotstillError(
      'TRAINING_REFUSED',
      `A row ends with ${shown} instead of an end-of-turn token to learn: the model would never stop.`,
    )
  }
}

/** The text of a sequence, special tokens and all, with what is trained in ⟦ ⟧. */
export function describeSequence({ tokenizer }: ChatEncoder, { ids, trained }: TrainingSequence): string {
  let text = ''
  for (let start = 0, end = 0; start < ids.length; start = end) {
    while (end < ids.length && trained[end] === trained[start]) end++
    const part = tokenizer.decode(ids.subarray(start, end))
    text += trained[start] === 1 ? `⟦${part}⟧` : part
  }
  return text
}

function isLearned(message: WeightedMessage): boolean {
  return message.role === 'assistant' && message.weight !== 0
}

/** The sequence that ends with the last of the learned turns, and the earlier ones that it could not mark. */
function sequenceUpTo(
  encoder: ChatEncoder,
  messages: readonly WeightedMessage[],
  learned: readonly number[],
): readonly [TrainingSequence, number[]] {
  const last = learned[learned.length - 1]
  const before = messages.slice(0, last)
  const prompt = promptIds(encoder, before)
  const ids = Int32Array.from([...prompt, ...answerIds(encoder, before, messages[last])])
  const trained = new Uint8Array(ids.length).fill(1, prompt.length)
  const left = learned.slice(0, -1).filter((index) => !markTurn(encoder, messages, index, prompt, trained))
  const shared = Math.min(sharedPrefix(encoder, before, ids), trained.indexOf(1))
  const sequence = { ids, trained, sharedPrefix: shared }
  checkSequence(encoder, sequence)
  return [sequence, left]
}

/** The answer as the template writes it (it may trim), encoded by itself as it is generated; then the end of turn. */
function answerIds(encoder: ChatEncoder, before: readonly Message[], answer: Message): readonly number[] {
  const { tokenizer } = encoder
  const messages = [...before, { role: answer.role, content: answer.content }]
  const guard = guardFor(tokenizer, messages)
  const prompt = renderGuarded(encoder, before, { generationPrompt: true }, guard).text
  const whole = renderGuarded(encoder, messages, { generationPrompt: false }, guard).text
  const [end] = tokenizer.endOfTurnIds
  if (end === undefined) {
    throw new PotstillError('TRAINING_REFUSED', "The model's files name no end-of-turn token to learn.")
  }
  const stop = whole.indexOf(tokenizer.decode([end]), prompt.length)
  const text =
    whole.startsWith(prompt) && stop >= 0
      ? whole.slice(prompt.length, stop)
      : breakUp(tokenizer, answer.content, guard)
  return [...encodeRendered(tokenizer, { text, guard }), end]
}

/** Marks an earlier answer within a prompt; false where the prompt does not hold it as it would be asked for. */
function markTurn(
  encoder: ChatEncoder,
  messages: readonly Message[],
  index: number,
  prompt: Int32Array,
  trained: Uint8Array,
): boolean {
  const before = messages.slice(0, index)
  const start = promptIds(encoder, before)
  const turn = [...start, ...answerIds(encoder, before, messages[index])]
  if (commonLength(turn, prompt) < turn.length) return false
  trained.fill(1, start.length, turn.length)
  return true
}

/** How many ids every conversation with this system turn begins with, whatever its user says. */
function sharedPrefix(encoder: ChatEncoder, messages: readonly Message[], ids: Int32Array): number {
  const system = messages.filter((message, index) => index === 0 && message.role === 'system')
  const [one, other] = ['a', '1'].map((content) => promptIds(encoder, [...system, { role: 'user', content }]))
  return Math.min(commonLength(one, other), commonLength(one, ids))
}

function commonLength(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}
