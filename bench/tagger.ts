/** Trains the span tagger alone on DIR/train.jsonl and measures it on DIR/test.jsonl, whatever is quoted from the input. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { drain } from '../src/core/event.ts'
import { isJsonObject, type Json, type JsonObject } from '../src/core/json.ts'
import { createRandom } from '../src/core/random.ts'
import { tag, unpackTagger } from '../src/students/micro/runtime/tagger.js'
import { packTagger } from '../src/students/micro/tagger/pack-tagger.ts'
import { trainTagger, type SpanField, type TaggerRow } from '../src/students/micro/tagger/train-tagger.ts'

interface TaggerBench {
  /** Share of test rows with every span field right, 0..1. */
  readonly exactMatch: number
  readonly fields: Readonly<Record<string, { readonly accuracy: number; readonly f1: number | null }>>
  readonly f1: number
  readonly trainSeconds: number
  readonly microsecondsPerAnswer: number
  readonly packedBytes: number
  /** The same as `exactMatch`, with the weights in 8 bits. */
  readonly packedExactMatch: number
  readonly heldOut: Json
}

/**
 * `folder` holds lines of `{input, output}`; other keys go before the input as `name=value` lines. With
 * `tune`, the test rows are a tenth of the training rows instead, so that settings can be chosen.
 */
export async function benchTagger(
  folder: string,
  options: { tune?: boolean; seed?: number } = {},
): Promise<TaggerBench> {
  const seed = options.seed ?? 1
  const all = createRandom(seed).shuffle(readRows(join(folder, 'train.jsonl')))
  const test =
    options.tune === true ? all.splice(0, Math.floor(all.length / 10)) : readRows(join(folder, 'test.jsonl'))
  const fields = spanFields(all)
  const rows = all.map((row) => toTaggerRow(row, fields))
  const heldOut = rows.splice(0, Math.floor(rows.length / 10))
  const start = performance.now()
  const training = trainTagger(rows, fields, { kind: 'rows', rows: heldOut }, { seed })
  const trained = await drain(training, (event) => process.stderr.write(`${JSON.stringify(event)}\n`))
  const trainSeconds = (performance.now() - start) / 1000
  const testRows = test.map((row) => toTaggerRow(row, fields))
  const packed = packTagger(trained.model, { quantised: true })
  const scores = measure(testRows, fields, (input) => tag(trained.model, input))
  const small = unpackTagger(packed)
  return {
    ...scores,
    trainSeconds,
    microsecondsPerAnswer: microseconds(testRows, (input) => tag(trained.model, input)),
    packedBytes: packed.bytes.length,
    packedExactMatch: measure(testRows, fields, (input) => tag(small, input)).exactMatch,
    heldOut: { ...trained.details, epochs: trained.epochs },
  }
}

interface BenchRow {
  readonly input: string
  readonly values: ReadonlyMap<string, readonly string[]>
  readonly lists: ReadonlySet<string>
}

function readRows(file: string): BenchRow[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => readRow(JSON.parse(line) as JsonObject))
}

function readRow({ input, output, ...context }: JsonObject): BenchRow {
  const lines = Object.entries(context).map(
    ([name, value]) => `${name}=${Array.isArray(value) ? value.join(' ') : textOf(value)}\n`,
  )
  const values = new Map<string, readonly string[]>()
  const lists = new Set<string>()
  collectStrings(output, '', values, lists)
  return { input: lines.join('') + textOf(input), values, lists }
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function collectStrings(
  value: Json,
  path: string,
  values: Map<string, readonly string[]>,
  lists: Set<string>,
): void {
  if (typeof value === 'string') values.set(path, [value])
  else if (Array.isArray(value)) {
    lists.add(path)
    values.set(
      path,
      value.filter((item) => typeof item === 'string'),
    )
  } else if (isJsonObject(value)) {
    for (const [key, inner] of Object.entries(value))
      collectStrings(inner, path === '' ? key : `${path}.${key}`, values, lists)
  }
}

/** Paths whose strings stand in the input in at least 95 % of the rows that have some. */
function spanFields(rows: readonly BenchRow[]): SpanField[] {
  const keys = [...new Set(rows.flatMap((row) => [...row.values.keys()]))].sort()
  return keys.flatMap((key) => {
    const having = rows.filter((row) => (row.values.get(key) ?? []).length > 0)
    const quoted = having.filter((row) => row.values.get(key)?.every((text) => row.input.includes(text)))
    return quoted.length >= 0.95 * having.length
      ? [{ key, list: rows.some((row) => row.lists.has(key)) }]
      : []
  })
}

function toTaggerRow({ input, values }: BenchRow, fields: readonly SpanField[]): TaggerRow {
  return { input, spans: Object.fromEntries(fields.map(({ key }) => [key, values.get(key) ?? []])) }
}

function measure(
  rows: readonly TaggerRow[],
  fields: readonly SpanField[],
  answer: (input: string) => ReturnType<typeof tag>,
): Pick<TaggerBench, 'exactMatch' | 'fields' | 'f1'> {
  const counts = fields.map(() => ({ right: 0, found: 0, answered: 0, expected: 0 }))
  let exact = 0
  for (const row of rows) {
    const tags = answer(row.input)
    const right = fields.map(({ key }, i) => {
      const expected = row.spans[key].map((text) => text.trim())
      const answered = tags[key].spans.map((span) => span.text)
      const same = expected.length === answered.length && expected.every((text, k) => text === answered[k])
      counts[i].right += same ? 1 : 0
      counts[i].found += answered.filter((text) => expected.includes(text)).length
      counts[i].answered += answered.length
      counts[i].expected += expected.length
      return same
    })
    if (right.every(Boolean)) exact++
  }
  const f1Of = (all: readonly (typeof counts)[number][]): number =>
    (2 * sum(all.map(({ found }) => found))) / sum(all.map(({ answered, expected }) => answered + expected))
  return {
    exactMatch: exact / rows.length,
    fields: Object.fromEntries(
      fields.map(({ key }, i) => {
        const f1 = f1Of([counts[i]])
        return [key, { accuracy: counts[i].right / rows.length, f1: Number.isNaN(f1) ? null : f1 }]
      }),
    ),
    f1: f1Of(counts),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function microseconds(rows: readonly TaggerRow[], answer: (input: string) => unknown): number {
  for (const row of rows.slice(0, 200)) answer(row.input)
  const start = performance.now()
  for (const row of rows) answer(row.input)
  return (1000 * (performance.now() - start)) / rows.length
}
