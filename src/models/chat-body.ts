/** A ChatRequest as the body of POST /chat/completions, the same text for the same request. */
import type { ChatRequest, Message } from '../core/chat-model.ts'
import type { JsonObject } from '../core/json.ts'
import type { Provider } from './providers.ts'
import { toStrictSchema, type StrictSchema } from './strict-schema.ts'

/** What is not asked for is left out: reasoning models refuse a temperature, some servers an unknown field. */
export function createBodyWriter(provider: Provider, model: string): (request: ChatRequest) => string {
  const strictCopies = new WeakMap<JsonObject, StrictSchema>()
  const strictCopy = (schema: JsonObject): StrictSchema => {
    const known = strictCopies.get(schema) ?? toStrictSchema(schema)
    strictCopies.set(schema, known)
    return known
  }
  return (request) =>
    JSON.stringify({
      model,
      messages: messagesFor(request, provider),
      ...(request.schema === undefined ? {} : responseFormat(request.schema, provider, strictCopy)),
      ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
      ...(request.maxTokens === undefined ? {} : { [provider.maxTokensField]: request.maxTokens }),
      ...(request.seed === undefined ? {} : { seed: request.seed }),
      ...(request.logprobs === true && provider.topLogprobs > 0
        ? { logprobs: true, top_logprobs: provider.topLogprobs }
        : {}),
      ...request.parameters,
    })
}

function responseFormat(
  schema: JsonObject,
  provider: Provider,
  strictCopy: (schema: JsonObject) => StrictSchema,
): JsonObject {
  if (provider.structuredOutput === 'none') return {}
  if (provider.structuredOutput === 'json_object') return { response_format: { type: 'json_object' } }
  const { schema: copy, strict } = strictCopy(schema)
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict, schema: copy } } }
}

/** A model that cannot be held to a schema is told it, after the system prompt or in place of one. */
function messagesFor(request: ChatRequest, provider: Provider): readonly Message[] {
  if (request.schema === undefined || provider.structuredOutput === 'json_schema') return request.messages
  const instruction = `Answer with JSON that is valid against this JSON Schema, and with nothing else:\n${JSON.stringify(request.schema)}`
  const [first, ...others] = request.messages
  return first?.role === 'system'
    ? [{ role: 'system', content: `${first.content}\n\n${instruction}` }, ...others]
    : [{ role: 'system', content: instruction }, ...request.messages]
}
