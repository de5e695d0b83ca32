/** Renders a conversation as the model's own template wants it: the one function for training and for serving. */
import { Template } from '@huggingface/jinja'
import type { Message } from '../../../core/chat-model.ts'
import { messageOf, PotstillError } from '../../../core/errors.ts'
import { isJsonObject } from '../../../core/json.ts'
import type { TokenizerFiles } from '../types.ts'

export interface RenderOptions {
  /** Ends with the words after which the assistant's answer is to come. */
  readonly generationPrompt: boolean
}

const templates = new WeakMap<TokenizerFiles, Template>()

/**
 * The conversation as one text. Templates that can think are told not to. A template cannot read the clock:
 * it would make today's prompt another than the one that was trained; those with a date of their own to fall
 * back on (Llama 3.2: 26 Jul 2024) use it. Throws MODEL_UNSUPPORTED where there is no template or it fails.
 */
export function renderConversation(
  files: TokenizerFiles,
  messages: readonly Message[],
  { generationPrompt }: RenderOptions,
): string {
  const template = templates.get(files) ?? parseTemplate(files)
  templates.set(files, template)
  try {
    return template.render({
      ...specialTexts(files.config),
      messages: messages.map(({ role, content }) => ({ role, content })),
      add_generation_prompt: generationPrompt,
      enable_thinking: false,
    })
  } catch (error) {
    throw failed(error)
  }
}

function parseTemplate({ chatTemplate }: TokenizerFiles): Template {
  if (chatTemplate === '') {
    const hint = 'Use the instruct form of the model: its files say how a conversation is written.'
    throw new PotstillError('MODEL_UNSUPPORTED', 'The model has no chat template.', { hint })
  }
  try {
    // The line break after a block is dropped: the template itself still begins at the start of a line.
    return new Template(`{% set strftime_now = undefined %}\n${chatTemplate}`)
  } catch (error) {
    throw failed(error)
  }
}

function failed(error: unknown): PotstillError {
  return new PotstillError('MODEL_UNSUPPORTED', `The model's chat template fails: ${messageOf(error)}`, {
    hint: 'Templates want a user message first, and users and assistant in turn.',
    cause: error,
  })
}

/** "bos_token" and its like, as templates name them; tokenizer_config.json has texts, or objects with `content`. */
function specialTexts(config: TokenizerFiles['config']): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [key, value] of Object.entries(config)) {
    const text = isJsonObject(value) ? value.content : value
    if (key.endsWith('_token') && typeof text === 'string') texts[key] = text
  }
  return texts
}
