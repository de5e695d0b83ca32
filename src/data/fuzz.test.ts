import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  integer,
  nat,
  oneof,
  record,
  tuple,
  uint8Array,
} from 'fast-check'
import { expect, it } from 'vitest'
import { PotstillError } from '../core/errors.ts'
import { outputFields } from '../core/output-fields.ts'
import type { Task } from '../core/task.ts'
import { readRows } from './read-rows.ts'

const output = {
  kind: 'json',
  schema: { properties: { a: { type: 'boolean' }, b: { type: ['string', 'null'] } } },
} as const
const task: Task = { name: 'fuzz', input: 'input', prompt: '', output, fields: outputFields(output) }

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** How reading ends: the rows, or the code and message of the refusal. Anything else is thrown on. */
async function outcome(file: string, bytes: Uint8Array, size: number, withTask: boolean): Promise<unknown> {
  const rows: unknown[] = []
  const open = (): AsyncIterable<Uint8Array> => inChunks(bytes, size)
  const options = { inputField: 'input', open, maxLineLength: 200, ...(withTask ? { task } : {}) }
  try {
    for await (const row of readRows(file, { ...options, answers: 'required' })) rows.push(row)
    return rows
  } catch (error) {
    if (error instanceof PotstillError) return { rows: rows.length, code: error.code, message: error.message }
    throw error
  }
}

const punctuation = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ';',
  ':',
  '\\',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\r',
  '\ufeff',
  '\u2028',
]
const values = ['é', '😀', '0', '-1e9', 'null', '"input"', '"a":false', '__proto__', '\\u0000']
const chat = '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"{}"}]}'
const rowTexts = ['{"input":"x","a":true}', chat, 'input,a,b\n', 'x,true,\n', '"x\r\ny",false,z\n']
const pieces = [...punctuation, ...values, ...rowTexts].map((text) => new TextEncoder().encode(text))
const rawBytes = [[0xff], [0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0], [0x1f, 0x8b], [0xff, 0xfe]].map(
  (bytes) => Uint8Array.from(bytes),
)

const content = oneof(
  uint8Array({ maxLength: 60 }),
  array(constantFrom(...pieces), { maxLength: 30 }).map((parts) => Buffer.concat(parts)),
  tuple(array(constantFrom(...pieces, ...rawBytes), { maxLength: 12 }), nat(300)).map(([parts, length]) =>
    Buffer.concat([...parts, Buffer.alloc(length, 'x')]),
  ),
)

it('yields rows or refuses with an error of its own, the same however the bytes are cut', async () => {
  const cases = record({
    file: constantFrom('f.csv', 'f.tsv', 'f.json', 'f.jsonl', 'f'),
    bytes: content,
    size: integer({ min: 1, max: 9 }),
    withTask: constantFrom(true, false),
  })
  await assert(
    asyncProperty(cases, async ({ file, bytes, size, withTask }) => {
      const whole = await outcome(file, bytes, 1_000_000, withTask)
      expect(await outcome(file, bytes, size, withTask)).toEqual(whole)
    }),
    { numRuns: 800 },
  )
})
