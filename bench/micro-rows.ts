/** Rows for the micro student's benches: from a folder of public task data, or from the support-desk example. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inferOutput } from '../src/core/infer-schema.ts'
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../src/core/json.ts'
import { outputFields } from '../src/core/output-fields.ts'
import { createRandom } from '../src/core/random.ts'
import type { Example, Row } from '../src/core/row.ts'
import type { Task, TaskOutput } from '../src/core/task.ts'
import { readRows, type ReadOptions } from '../src/data/read-rows.ts'

export interface BenchData {
  readonly task: Task
  readonly training: readonly Example[]
  readonly test: readonly Example[]
}

/** `DIR/train.jsonl` and `DIR/test.jsonl`; keys beside `input` and `output` go before the input as `name=value` lines. */
export async function readFolder(folder: string): Promise<BenchData> {
  const first = JSON.parse((await readFile(join(folder, 'train.jsonl'), 'utf8')).split('\n', 1)[0]) as Json
  const known = new Set(['id', 'input', 'output'])
  const contextFields = isJsonObject(first) ? Object.keys(first).filter((key) => !known.has(key)) : []
  const read = (name: string): Promise<readonly Example[]> =>
    readExamples(join(folder, name), { inputField: 'input', contextFields, answers: 'required' })
  const training = await read('train.jsonl')
  const output = inferOutput(
    training.map((example) => example.output),
    training.map((example) => example.row.input),
  )
  return { task: taskOf(output), training, test: await read('test.jsonl') }
}

/** People's 60 rows and the recorded teacher's answers to the unlabelled messages; the evaluation rows as test. */
export async function readSupportDesk(): Promise<BenchData> {
  const folder = new URL('../examples/support-desk/', import.meta.url).pathname
  const schema = JSON.parse(await readFile(join(folder, 'schema.json'), 'utf8')) as JsonObject
  const task = taskOf({ kind: 'json', schema })
  const options = { inputField: 'message', task, answers: 'required' } as const
  const labelled = await readExamples(join(folder, 'data/labelled.csv'), options)
  const recorded = await readExamples(join(folder, 'recorded/with-guide.jsonl'), {
    ...options,
    inputField: 'input',
  })
  const test = await readExamples(join(folder, 'data/evaluation.jsonl'), options)
  const unlabelled = new Set<string>()
  const messages = { inputField: 'message', answers: 'ignored' } as const
  for await (const row of readRows(join(folder, 'data/messages.jsonl'), messages)) unlabelled.add(row.key)
  return { task, training: [...labelled, ...recorded.filter(({ row }) => unlabelled.has(row.key))], test }
}

/** The first `count` rows of each answer in an order drawn by `seed`. */
export function drawPerAnswer(examples: readonly Example[], count: number, seed: number): readonly Example[] {
  const drawn = new Map<string, number>()
  return createRandom(seed)
    .shuffle([...examples])
    .filter(({ output }) => {
      const key = canonicalJson(output)
      const already = drawn.get(key) ?? 0
      drawn.set(key, already + 1)
      return already < count
    })
}

async function readExamples(file: string, options: ReadOptions): Promise<readonly Example[]> {
  const examples: Example[] = []
  for await (const row of readRows(file, options)) examples.push(toExample(row))
  return examples
}

function toExample(row: Row): Example {
  return { row, output: row.expected ?? null, origin: 'labelled' }
}

function taskOf(output: TaskOutput): Task {
  return { name: 'bench', input: 'input', prompt: '', output, fields: outputFields(output) }
}
