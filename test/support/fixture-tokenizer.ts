/** The small tokenizer of bench/lm-text-reference.py, in the ways of four families, with what transformers makes of texts. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Message } from '../../src/core/chat-model.ts'
import type { TokenizerFiles } from '../../src/students/lm/types.ts'

export type Family = 'gpt2' | 'smollm' | 'llama3' | 'qwen'

export const families: readonly Family[] = ['gpt2', 'smollm', 'llama3', 'qwen']

interface Fixture {
  readonly tokens: string
  readonly merges: string
  readonly added: readonly object[]
  readonly texts: readonly string[]
  readonly conversations: readonly (readonly Message[])[]
  readonly variants: Readonly<
    Record<
      Family,
      {
        readonly normalizer: object | null
        readonly pre_tokenizer: object
        readonly ignore_merges: boolean
        readonly template: string
        readonly texts: readonly string[]
        readonly prompts: readonly string[]
        readonly conversations: readonly string[]
      }
    >
  >
}

const fixture = JSON.parse(
  readFileSync(fileURLToPath(new URL('tokenizer-texts.json', import.meta.url)), 'utf8'),
) as Fixture

export const fixtureTexts = fixture.texts
export const fixtureConversations = fixture.conversations

/** What the reference gives for each of the texts and conversations. */
export function expectedOf(family: Family): {
  readonly texts: readonly (readonly number[])[]
  readonly prompts: readonly string[]
  readonly conversations: readonly (readonly number[])[]
} {
  const { texts, prompts, conversations } = fixture.variants[family]
  return { texts: texts.map(numbers), prompts, conversations: conversations.map(numbers) }
}

/** Three special tokens ("<|endoftext|>", "<|im_start|>", "<|im_end|>"), one that is merely added ("<think>"). */
export function fixtureTokenizer(family: Family = 'gpt2'): TokenizerFiles {
  const { normalizer, pre_tokenizer, ignore_merges, template } = fixture.variants[family]
  const tokens = fixture.tokens.split('\n')
  return {
    tokenizer: {
      normalizer,
      pre_tokenizer,
      post_processor: null,
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      added_tokens: fixture.added,
      model: {
        type: 'BPE',
        ignore_merges,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: fixture.merges.split('\n').map((pair) => pair.split(' ')),
      },
    },
    config: { bos_token: '<|endoftext|>', eos_token: { content: '<|im_end|>' } },
    chatTemplate: template,
    endOfTurnIds: [tokens.indexOf('<|im_end|>'), tokens.indexOf('<|endoftext|>')],
  }
}

function numbers(text: string): number[] {
  return text === '' ? [] : text.split(' ').map(Number)
}
