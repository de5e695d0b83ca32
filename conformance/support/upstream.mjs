/**
 * A stand-in for a provider: sorts messages by simple rules, whole or as a stream, calls the first tool it is given
 * and fills any JSON Schema. What it knows of a message: "thank" is good, "broken" is bad, else neutral.
 */
import { createServer } from 'node:http'
import { once } from 'node:events'

export function moodOf(text) {
  if (/thank|great|love/iu.test(text)) return 'good'
  return /broken|angry|refund/iu.test(text) ? 'bad' : 'neutral'
}

export async function startUpstream() {
  const seen = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const body = JSON.parse(text)
    seen.push({ body, authorization: request.headers.authorization })
    answer(body, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${server.address().port}/v1`,
    seen,
    close: () => server.closeAllConnections() ?? server.close(),
  }
}

function answer(body, response) {
  const message = messageFor(body)
  const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 }
  const common = {
    id: `chatcmpl-upstream-${Math.random()}`,
    created: 1_700_000_000,
    model: `${body.model}-2026-01-01`,
  }
  const reason = message.tool_calls === undefined ? 'stop' : 'tool_calls'
  if (body.stream !== true) {
    response.setHeader('content-type', 'application/json')
    const choices = [{ index: 0, message, logprobs: null, finish_reason: reason }]
    response.end(JSON.stringify({ ...common, object: 'chat.completion', choices, usage }))
    return
  }
  response.setHeader('content-type', 'text/event-stream')
  const send = (choices, more = {}) =>
    response.write(
      `data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices, ...more })}\n\n`,
    )
  send([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }])
  for (const word of (message.content ?? '').match(/\S+\s*/gu) ?? []) {
    send([{ index: 0, delta: { content: word }, finish_reason: null }])
  }
  for (const [index, call] of (message.tool_calls ?? []).entries()) {
    send([{ index: 0, delta: { tool_calls: [{ index, ...call }] }, finish_reason: null }])
  }
  send([{ index: 0, delta: {}, finish_reason: reason }])
  if (body.stream_options?.include_usage === true) send([], { usage })
  response.end('data: [DONE]\n\n')
}

function messageFor(body) {
  const last = body.messages.at(-1)
  const asked =
    typeof last.content === 'string' ? last.content : last.content.map(({ text }) => text).join('')
  if (last.role !== 'tool' && body.tools?.length > 0) {
    const { name } = body.tools[0].function
    const call = {
      id: 'call_1',
      type: 'function',
      function: { name, arguments: JSON.stringify({ city: 'Bern' }) },
    }
    return { role: 'assistant', content: null, tool_calls: [call] }
  }
  const schema = body.response_format?.json_schema?.schema
  if (schema !== undefined)
    return { role: 'assistant', content: JSON.stringify(fill(schema, asked)), refusal: null }
  const content =
    last.role === 'tool'
      ? `The tool says ${asked}`
      : body.stream === true
        ? `Mood: ${moodOf(asked)}`
        : moodOf(asked)
  return { role: 'assistant', content, refusal: null }
}

function fill(schema, asked) {
  if (schema.enum !== undefined) return schema.enum.find((value) => value === moodOf(asked)) ?? schema.enum[0]
  switch ([schema.type].flat()[0]) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties).map(([key, value]) => [key, fill(value, asked)]),
      )
    case 'array':
      return [fill(schema.items, asked)]
    case 'number':
    case 'integer':
      return 1
    case 'boolean':
      return /urgent/iu.test(asked)
    default:
      return moodOf(asked)
  }
}
