import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  option,
  record,
  string,
} from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Json, JsonObject } from '../core/json.ts'
import { outputFields } from '../core/output-fields.ts'
import { rowKey, type Example, type Row } from '../core/row.ts'
import type { Task, TaskOutput } from '../core/task.ts'
import { readRows } from './read-rows.ts'
import { writeTraining, type TrainingFormat } from './write-training.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'write-training-'))
})
afterAll(() => rm(folder, { recursive: true }))

const extensions: Readonly<Record<TrainingFormat, string>> = { chat: 'jsonl', csv: 'csv', json: 'json' }
const formats = Object.keys(extensions) as TrainingFormat[]

function taskOf(output: TaskOutput, prompt = ''): Task {
  return { name: 'test', input: 'text', prompt, output, fields: outputFields(output) }
}

function exampleOf(input: string, output: Json, more: Partial<Row> = {}): Example {
  const key = rowKey(input, more.history)
  const row = { id: key.slice(0, 12), key, input, group: key, source: { file: 'f', line: 1 }, ...more }
  return { row, output, origin: 'teacher' }
}

async function write(format: TrainingFormat, task: Task, examples: readonly Example[]): Promise<string> {
  const file = join(folder, `f.${extensions[format]}`)
  await writeTraining(file, format, task, examples)
  return file
}

async function readBack(file: string, task: Task): Promise<Row[]> {
  const rows: Row[] = []
  for await (const row of readRows(file, { inputField: task.input, task, answers: 'required' }))
    rows.push(row)
  return rows
}

const schema: JsonObject = {
  type: 'object',
  required: ['a', 'b', 'c', 'd', 'e', 'f'],
  properties: {
    a: { enum: ['x', 'y,"z"'] },
    b: { type: 'boolean' },
    c: { type: ['integer', 'null'] },
    d: { type: 'array', items: { type: 'string' } },
    e: { type: 'string' },
    f: {
      type: 'object',
      required: ['h'],
      properties: { g: { type: 'boolean' }, h: { type: 'array', items: {} } },
    },
  },
}

const hostile = constantFrom('"', ',', ';', '\r\n', '\n', '\r', '\u2028', '\ufeff', ' ', '=', '😀', 'é')
const text = array(string({ unit: hostile }), { maxLength: 6 }).map((parts) => parts.join('t'))
const output = record({
  a: constantFrom('x', 'y,"z"'),
  b: boolean(),
  c: option(integer()),
  d: array(text, { maxLength: 3 }),
  e: text,
  f: record(
    { g: boolean(), h: array(constantFrom<Json>(null, 1, 'a', { k: [] }), { maxLength: 3 }) },
    { requiredKeys: ['h'] },
  ),
})

it('reads back what it wrote, in every format', async () => {
  const task = taskOf({ kind: 'json', schema })
  const examples = array(record({ input: text.map((rest) => `i${rest}`), output }), {
    minLength: 1,
    maxLength: 8,
  })
  await assert(
    asyncProperty(examples, constantFrom(...formats), async (pairs, format) => {
      const rows = await readBack(
        await write(
          format,
          task,
          pairs.map((pair) => exampleOf(pair.input, pair.output as Json)),
        ),
        task,
      )
      expect(rows.map((row) => ({ input: row.input, output: row.expected }))).toEqual(pairs)
    }),
    { numRuns: 60 },
  )
})

it('writes labels and text as one column that is read back', async () => {
  const cases: [TaskOutput, string][] = [
    [{ kind: 'labels', labels: ['a b', 'c'] }, 'a b'],
    [{ kind: 'text' }, 'free, "text"\n'],
  ]
  for (const [output, answer] of cases) {
    const task = taskOf(output)
    for (const format of formats) {
      const [row] = await readBack(await write(format, task, [exampleOf('in', answer)]), task)
      expect(row.expected).toBe(answer)
    }
  }
})

it('writes one JSON column where a field is named like the input', async () => {
  const task = taskOf({
    kind: 'json',
    schema: { required: ['text'], properties: { text: { type: 'string' } } },
  })
  const file = await write('csv', task, [exampleOf('in', { text: 'out' })])
  expect((await readFile(file, 'utf8')).split('\r\n')[0]).toBe('id,text,output')
  expect((await readBack(file, task))[0]).toMatchObject({ input: 'in', expected: { text: 'out' } })
})

it('writes the prompt and the earlier turns into chat lines', async () => {
  const task = taskOf({ kind: 'text' }, 'Sort it.')
  const history = [
    { role: 'user', content: 'q' },
    { role: 'assistant', content: 'a' },
  ] as const
  const file = await write('chat', task, [exampleOf('in', 'out', { history })])
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    messages: [
      { role: 'system', content: 'Sort it.' },
      ...history,
      { role: 'user', content: 'in' },
      { role: 'assistant', content: 'out' },
    ],
  })
  expect((await readBack(file, task))[0]).toMatchObject({ input: 'in', history, expected: 'out' })
})

it('writes an empty array for no examples', async () => {
  const file = await write('json', taskOf({ kind: 'text' }), [])
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual([])
})
