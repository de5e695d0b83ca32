/** `potstill run` on traffic that the server has captured: its replies are the teacher's answers. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readExchanges } from '../src/pipeline/captured-traffic.ts'
import { openStore } from '../src/store/sqlite-store.ts'
import { runStory } from './support/run-story.ts'
import { aCapture } from './support/store-conformance.ts'

let folder: string
let data: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-captured-'))
  data = join(folder, '.potstill')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const answered = (content: string | null, values: object = {}): string =>
  JSON.stringify({
    choices: [{ message: { role: 'assistant', content, ...values }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 40, completion_tokens: 2 },
  })
const asked = (input: string, values: object = {}): string =>
  JSON.stringify({
    model: 'triage',
    messages: [
      { role: 'system', content: 'Which product?' },
      { role: 'user', content: input },
    ],
    ...values,
  })

/** Captures of the starter example's rows, as its recorded teacher answered them. */
async function capture(count: number): Promise<void> {
  const lines = (await readFile('examples/starter/recorded/teacher.jsonl', 'utf8'))
    .split('\n')
    .slice(0, count)
  const store = openStore(data)
  await Promise.all(
    lines.map((line, index) => {
      const { input, answer } = JSON.parse(line) as { input: string; answer: string }
      return store.commitCapture(
        aCapture({
          id: `chatcmpl-${String(index).padStart(4, '0')}`,
          createdAtMs: 1_000_000 + index,
          model: 'triage',
          answeredBy: 'nowhere/teacher',
          workload: 'triage',
          metadata: { tier: index % 2 === 0 ? 'gold' : 'silver' },
          request: asked(input),
          response: answered(answer),
          latencyMs: 700,
          priceUsd: 0.001,
        }),
      )
    }),
  )
  await store.close()
}

const config = (selection: string): string => `name: triage
data: { captured: ${selection} }
teacher: { model: nowhere/teacher }
providers:
  nowhere: { baseUrl: 'http://127.0.0.1:9/v1', keyEnv: NO_SUCH_KEY }
`

async function run(selection: string): ReturnType<typeof runStory> {
  const configFile = join(folder, 'potstill.yaml')
  await writeFile(configFile, config(selection))
  return runStory({ configFile, data, environment: { NO_SUCH_KEY: 'k' } })
}

it('distils captured traffic without asking the teacher again, its task read off the answers', async () => {
  await capture(160)
  const { result, events } = await run('{ workload: triage }')
  const messages = events.flatMap((event) => (event.type === 'message' ? [event.text] : []))
  expect(messages.join('\n')).toContain('captured rows, answered by nowhere/teacher')
  const teacher = result.report?.data.arms.find(({ role }) => role === 'teacher')
  expect(teacher).toMatchObject({ score: 1 })
  expect(result.report?.data.generation).toMatchObject({ failed: 0 })
  const student = result.report?.data.arms.find(({ role }) => role === 'after')
  expect(student?.score).toBeGreaterThan(0.5)
})

it('takes only the traffic that is selected', async () => {
  await capture(160)
  const { events } = await run(
    '{ workload: triage, since: 1970-01-01T00:16:40.100Z, metadata: { tier: gold } }',
  )
  const counts = events.flatMap((event) =>
    event.type === 'message' ? (/(\d+) captured rows/u.exec(event.text)?.[1] ?? []) : [],
  )
  expect(counts).toEqual(['30'])
})

it('says when nothing was captured, and what data.captured cannot go with', async () => {
  await expect(run('{ workload: other }')).rejects.toMatchObject({ code: 'DATA_EMPTY' })
  await expect(run('{ since: yesterday }')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

it('learns from no answer of a student, none that was refused, cut short or made of tool calls', async () => {
  const store = openStore(data)
  const add = async (id: string, values: object): Promise<void> =>
    store.commitCapture(
      aCapture({ id, answeredBy: 'openai/x', request: asked(id), response: answered('a'), ...values }),
    )
  await add('good', { createdAtMs: 1 })
  await add('student', { answeredBy: 'student/triage@1' })
  await add('refused', { response: answered(null, { refusal: 'No.' }) })
  const cut = { choices: [{ message: { content: 'a' }, finish_reason: 'length' }] }
  await add('cut', { response: JSON.stringify(cut) })
  await add('tools', { response: answered(null, { tool_calls: [{ id: 't' }] }) })
  await add('image', {
    request: asked('', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }),
  })
  await add('older', { request: asked('good'), createdAtMs: 0, response: answered('b') })
  await add('broken', { request: '{' })
  const left: string[] = []
  const kept: string[] = []
  for await (const { row, reply } of readExchanges(store, {}, { leftOut: (reason) => left.push(reason) })) {
    kept.push(`${row.id} ${reply.content}`)
  }
  await store.close()
  expect(kept).toEqual(['good a'])
  expect(left).toHaveLength(7)
})
