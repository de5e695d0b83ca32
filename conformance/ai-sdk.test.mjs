/** The Vercel AI SDK through the gateway: streams, calls tools and gets objects, from a provider and from a student. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateObject, generateText, stepCountIs, streamObject, streamText, tool } from 'ai'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import OpenAI, { toFile } from 'openai'
import { z } from 'zod'
import { training } from './support/moods.mjs'
import { startPotstill } from './support/serve.mjs'
import { startUpstream } from './support/upstream.mjs'

let upstream
let server
let provider
before(async () => {
  upstream = await startUpstream()
  server = await startPotstill(['--upstream', upstream.baseUrl])
  provider = createOpenAICompatible({
    name: 'potstill',
    baseURL: server.baseUrl,
    apiKey: 'none',
    supportsStructuredOutputs: true,
    includeUsage: true,
  })
})
after(async () => {
  await server?.close()
  upstream?.close()
})

test('streams text, word by word, with usage', async () => {
  const { textStream, usage, finishReason } = streamText({
    model: provider('gpt-test'),
    prompt: 'Thank you!',
  })
  const words = []
  for await (const word of textStream) words.push(word)
  assert.deepEqual(words, ['Mood: ', 'good'])
  assert.equal(await finishReason, 'stop')
  assert.equal((await usage).totalTokens, 25)
})

const weather = tool({
  description: 'The weather of a city.',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `rain in ${city}`,
})

test('calls tools, whole and in a stream', async () => {
  const settings = {
    model: provider('gpt-test'),
    tools: { weather },
    prompt: 'Weather?',
    stopWhen: stepCountIs(3),
  }
  const { text, steps } = await generateText(settings)
  assert.equal(steps[0].toolCalls[0].input.city, 'Bern')
  assert.match(text, /rain in Bern/u)
  const streamed = streamText(settings)
  let said = ''
  for await (const part of streamed.textStream) said += part
  assert.match(said, /rain in Bern|Mood/u)
  assert.equal((await streamed.steps)[0].toolCalls[0].input.city, 'Bern')
})

const schema = z.object({ mood: z.enum(['good', 'bad', 'neutral']), urgent: z.boolean() })

test('gets objects, whole and in a stream', async () => {
  const { object } = await generateObject({
    model: provider('gpt-test'),
    schema,
    prompt: 'It is broken, urgent',
  })
  assert.deepEqual(object, { mood: 'bad', urgent: true })
  const streamed = streamObject({ model: provider('gpt-test'), schema, prompt: 'Thank you' })
  let last
  for await (const partial of streamed.partialObjectStream) last = partial
  assert.deepEqual(last, { mood: 'good', urgent: false })
  assert.deepEqual(await streamed.object, last)
  const sent = upstream.seen.at(-1).body
  assert.equal(sent.response_format.type, 'json_schema')
  assert.equal(upstream.seen.at(-1).authorization, undefined)
})

test('gets an object from a student, whole and in a stream', async () => {
  const client = new OpenAI({ baseURL: server.baseUrl, apiKey: 'none' })
  const lines = training.map(({ text, mood }) =>
    JSON.stringify({
      messages: [
        { role: 'user', content: text },
        { role: 'assistant', content: JSON.stringify({ mood, urgent: false }) },
      ],
    }),
  )
  const file = await client.files.create({
    file: await toFile(Buffer.from(lines.join('\n')), 'a.jsonl'),
    purpose: 'fine-tune',
  })
  let job = await client.fineTuning.jobs.create({ model: 'micro', training_file: file.id })
  while (!['succeeded', 'failed'].includes(job.status)) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    job = await client.fineTuning.jobs.retrieve(job.id)
  }
  assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
  const student = provider(job.fine_tuned_model)
  const { object } = await generateObject({ model: student, schema, prompt: 'Thank you for the blue lamp' })
  assert.deepEqual(object, { mood: 'good', urgent: false })
  let text = ''
  for await (const part of streamText({ model: student, prompt: 'Broken again: my order' }).textStream)
    text += part
  assert.equal(JSON.parse(text).mood, 'bad')
})
