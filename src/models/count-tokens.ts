/** Counts tokens as OpenAI's newer models do (o200k_base), for estimates and for pricing recorded answers. */
import type { ChatRequest } from '../core/chat-model.ts'
import type { JsonObject } from '../core/json.ts'

export interface TokenCounter {
  readonly ofText: (text: string) => number
  /** The whole request: messages with what a chat adds around each, and the output schema as JSON text. */
  readonly ofRequest: (request: ChatRequest) => number
}

/** Around each message, and before the answer (OpenAI cookbook, "How to count tokens with tiktoken"). */
const tokensPerMessage = 4
const tokensBeforeAnswer = 3

/** System prompts are long and the same in every request: their counts are kept. */
const mostKeptPrompts = 100

/** Loads the vocabulary, which takes a moment: once a process, and only when something is counted. */
export async function loadTokenCounter(): Promise<TokenCounter> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base')
  const prompts = new Map<string, number>()
  const schemas = new WeakMap<JsonObject, number>()
  const options = { disallowedSpecial: new Set<string>() }
  const ofText = (text: string): number => countTokens(text, options)

  function ofPrompt(text: string): number {
    const known = prompts.get(text)
    if (known !== undefined) return known
    if (prompts.size >= mostKeptPrompts) prompts.clear()
    const tokens = ofText(text)
    prompts.set(text, tokens)
    return tokens
  }

  function ofSchema(schema: JsonObject): number {
    const tokens = schemas.get(schema) ?? ofText(JSON.stringify(schema))
    schemas.set(schema, tokens)
    return tokens
  }

  return {
    ofText,
    ofRequest: ({ messages, schema }) =>
      messages.reduce(
        (sum, { role, content }) =>
          sum + tokensPerMessage + (role === 'system' ? ofPrompt(content) : ofText(content)),
        tokensBeforeAnswer + (schema === undefined ? 0 : ofSchema(schema)),
      ),
  }
}
