/**
 * From messages to ids, so that what a user wrote never becomes a special token.
 *
 * The template's text is tokenised as one whole, as the reference does: tokens may span a role's line break
 * and the message after it, and the template may trim messages. Where a message holds the text of a special
 * token, a guard character that occurs nowhere else is put into it before rendering; the rendered text is cut
 * at the special tokens that are left, which are the template's own; the guards are removed; and the pieces
 * are encoded as plain text. Without such texts in the messages the ids are those of transformers'
 * `apply_chat_template`.
 */
import type { Message } from '../../../core/chat-model.ts'
import type { TokenizerFiles } from '../types.ts'
import { renderConversation, type RenderOptions } from './chat-template.ts'
import { createTokenizer, type TextTokenizer } from './tokenizer.ts'

/** A tokenizer with its model's template. */
export interface ChatEncoder {
  readonly files: TokenizerFiles
  readonly tokenizer: TextTokenizer
}

/** Throws MODEL_UNSUPPORTED or MODEL_FILE_INVALID. */
export function createChatEncoder(files: TokenizerFiles): ChatEncoder {
  return { files, tokenizer: createTokenizer(files) }
}

/** A conversation as rendered: guards stand in it, so only `encodeRendered` may turn it into ids. */
export interface Rendered {
  readonly text: string
  readonly guard: string
}

/** `guard` is for texts that are to be compared with one another: the same for all of them. */
export function renderGuarded(
  { files, tokenizer }: ChatEncoder,
  messages: readonly Message[],
  options: RenderOptions,
  guard = guardFor(tokenizer, messages),
): Rendered {
  const guarded = messages.map((message) => ({
    ...message,
    content: breakUp(tokenizer, message.content, guard),
  }))
  return { text: renderConversation(files, guarded, options), guard }
}

/** "" where no message holds a special token's text, so that no guard is needed. */
export function guardFor(tokenizer: TextTokenizer, messages: readonly Message[]): string {
  const contents = messages.map((message) => message.content)
  const special = specialPattern(tokenizer)
  return contents.some((content) => content.search(special) >= 0) ? unusedCharacter(contents) : ''
}

/** Puts the guard into every special token's text, until none is left: two may overlap. */
export function breakUp(tokenizer: TextTokenizer, content: string, guard: string): string {
  const special = specialPattern(tokenizer)
  let text = content
  while (guard !== '' && text.search(special) >= 0) {
    text = text.replaceAll(special, (found) => `${found[0]}${guard}${found.slice(1)}`)
  }
  return text
}

/** What the model is given to answer to: the conversation, and the words after which the answer comes. */
export function promptIds(encoder: ChatEncoder, messages: readonly Message[]): Int32Array {
  return encodeRendered(encoder.tokenizer, renderGuarded(encoder, messages, { generationPrompt: true }))
}

/** Ids of a rendered text, or of a part of it. */
export function encodeRendered(tokenizer: TextTokenizer, { text, guard }: Rendered): Int32Array {
  if (guard === '') return tokenizer.encode(text, { special: true })
  const ids: number[] = []
  let at = 0
  for (const match of text.matchAll(specialPattern(tokenizer))) {
    ids.push(...tokenizer.encode(text.slice(at, match.index).replaceAll(guard, '')))
    ids.push(tokenizer.specialIds.get(match[0]) ?? 0)
    at = match.index + match[0].length
  }
  ids.push(...tokenizer.encode(text.slice(at).replaceAll(guard, '')))
  return Int32Array.from(ids)
}

const patterns = new WeakMap<TextTokenizer, RegExp>()

/** Any special token's text, the longest where several begin at one place. */
function specialPattern(tokenizer: TextTokenizer): RegExp {
  const known = patterns.get(tokenizer)
  if (known !== undefined) return known
  const texts = [...tokenizer.specialIds.keys()].sort((a, b) => b.length - a.length)
  const escaped = texts.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  const pattern = new RegExp(texts.length === 0 ? '(?!)' : escaped.join('|'), 'g')
  patterns.set(tokenizer, pattern)
  return pattern
}

/** Of the private use area, which is neither white space nor a letter to a template. */
function unusedCharacter(texts: readonly string[]): string {
  for (let code = 0xe000; code < 0xf900; code++) {
    const character = String.fromCharCode(code)
    if (!texts.some((text) => text.includes(character))) return character
  }
  throw new Error('renderGuarded: the messages use every character of the private use area')
}
