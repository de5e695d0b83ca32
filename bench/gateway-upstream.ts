/**
 * The provider of the gateway's bench: a process that answers POST …/chat/completions after a fixed time, whole or as
 * a stream. It does as little as it can, since it shares the cores with what is measured. It prints its base URL.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'

const words =
  'The order was shipped on Monday and should reach you within three working days of that date'.split(' ')
const prefix = `chatcmpl-${randomBytes(8).toString('hex')}`
const usage = { prompt_tokens: 310, completion_tokens: 18, total_tokens: 328 }

let answered = 0

function answer(body: string, response: ServerResponse): void {
  const id = `${prefix}${(answered++).toString(16).padStart(10, '0')}`
  const [, marker = ''] = /(#\d+#)/.exec(body) ?? []
  if (body.includes('"stream":true'))
    return stream(response, id, marker, body.includes('"include_usage":true'))
  const text = JSON.stringify({
    id,
    object: 'chat.completion',
    created: 1_750_000_000,
    model: 'stand-in-2026-01-01',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: `${words.join(' ')} ${marker}`, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage,
    system_fingerprint: 'fp_stand_in',
  })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function stream(response: ServerResponse, id: string, marker: string, withUsage: boolean): void {
  const event = (choices: object[], more: object = {}): string =>
    `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 1_750_000_000, model: 'stand-in-2026-01-01', choices, ...more })}\n\n`
  const nothing = withUsage ? { usage: null } : {}
  const delta = (content: object, finish: string | null = null): string =>
    event([{ index: 0, delta: content, finish_reason: finish }], nothing)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(delta({ role: 'assistant', content: '' }))
  for (const word of words) response.write(delta({ content: `${word} ` }))
  response.write(delta({ content: marker }) + delta({}, 'stop'))
  if (withUsage) response.write(event([], { usage }))
  response.end('data: [DONE]\n\n')
}

function receive(request: IncomingMessage, response: ServerResponse, latencyMs: number): void {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (text: string) => (body += text))
  request.on('end', () => setTimeout(() => answer(body, response), latencyMs))
}

const { values } = parseArgs({ options: { latency: { type: 'string', default: '20' } } })
const server = createServer((request, response) => receive(request, response, Number(values.latency)))
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`)
})
process.stdin.on('end', () => process.exit(0)).resume()
