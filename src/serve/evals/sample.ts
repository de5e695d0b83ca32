/** What was answered, in the one form that templates and graders know: `sample.output_text` and its kin. */
import type { Reply } from '../../core/chat-model.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'

/** From a chat completion. */
export function sampleOfCompletion(completion: JsonObject, input: readonly Json[]): JsonObject {
  const choices = Array.isArray(completion.choices) ? (completion.choices as readonly Json[]) : []
  const choice = isJsonObject(choices[0]) ? choices[0] : {}
  const message = isJsonObject(choice.message) ? choice.message : {}
  return completeSample({
    output_text: textOf(message.content),
    ...(Array.isArray(message.tool_calls) ? { output_tools: message.tool_calls as readonly Json[] } : {}),
    ...(typeof message.refusal === 'string' ? { refusal: message.refusal } : {}),
    choices,
    input,
    model: typeof completion.model === 'string' ? completion.model : null,
    finish_reason: typeof choice.finish_reason === 'string' ? choice.finish_reason : null,
    usage: isJsonObject(completion.usage) ? completion.usage : null,
  })
}

/** From a model's reply; the provider's own body where there is one. */
export function sampleOfReply(reply: Reply, model: string, input: readonly Json[]): JsonObject {
  const { raw, content, finishReason, usage, refusal } = reply
  if (isJsonObject(raw) && Array.isArray(raw.choices)) {
    return { ...sampleOfCompletion(raw, input), output_text: content, model }
  }
  const message = { role: 'assistant', content, refusal: refusal ?? null }
  return completeSample({
    output_text: content,
    choices: [{ index: 0, message, finish_reason: finishReason }],
    input,
    model,
    finish_reason: finishReason,
    usage:
      usage === null
        ? null
        : {
            prompt_tokens: usage.promptTokens,
            completion_tokens: usage.completionTokens,
            total_tokens: usage.promptTokens + usage.completionTokens,
            prompt_tokens_details: { cached_tokens: usage.cachedPromptTokens },
          },
  })
}

/**
 * A sample that came with the data may have any of OpenAI's forms; it keeps what it has. `output_json` is there where
 * the text is JSON.
 */
export function completeSample(sample: JsonObject): JsonObject {
  const text = typeof sample.output_text === 'string' ? sample.output_text : textIn(sample)
  if (text === null) return sample
  const json = sample.output_json === undefined ? structured(text) : undefined
  return { ...sample, output_text: text, ...(json === undefined ? {} : { output_json: json }) }
}

function textIn({ choices, output }: JsonObject): string | null {
  const list = [output, choices].find((each) => Array.isArray(each)) as readonly Json[] | undefined
  const last = list?.at(-1)
  const message = isJsonObject(last) && isJsonObject(last.message) ? last.message : last
  return isJsonObject(message) ? textOf(message.content) : null
}

/** Objects and lists: a bare number or word is a text that happens to be JSON. */
function structured(text: string): Json | undefined {
  if (!/^\s*[[{]/u.test(text)) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return (content as readonly Json[])
    .map((part) => (isJsonObject(part) && typeof part.text === 'string' ? part.text : ''))
    .join('')
}
