import { expect, it } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { outputFields } from '../core/output-fields.ts'
import type { Row } from '../core/row.ts'
import type { Task, TaskOutput } from '../core/task.ts'
import { readRows, type ReadOptions } from './read-rows.ts'

type Content = string | Uint8Array

async function* inChunks(content: Content, size: number): AsyncGenerator<Uint8Array> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(
  file: string,
  content: Content,
  options: Partial<ReadOptions> = {},
  chunkSize = 7,
): Promise<Row[]> {
  const rows: Row[] = []
  const open = (): AsyncIterable<Uint8Array> => inChunks(content, chunkSize)
  for await (const row of readRows(file, { inputField: 'input', open, ...options })) rows.push(row)
  return rows
}

const summary = (rows: readonly Row[]): unknown => rows.map(({ input, source }) => [source.line, input])

function taskOf(output: TaskOutput, input = 'input'): Task {
  return { name: 'test', input, prompt: '', output, fields: outputFields(output) }
}

const ticketSchema: JsonObject = {
  type: 'object',
  required: ['topic', 'urgent', 'stars', 'tags', 'order', 'place'],
  properties: {
    topic: { enum: ['billing', 'other'] },
    urgent: { type: 'boolean' },
    stars: { type: 'integer' },
    tags: { type: 'array', items: { type: 'string' } },
    order: { type: ['string', 'null'] },
    place: { type: 'object', properties: { city: { type: 'string' } } },
  },
}
const ticket = taskOf({ kind: 'json', schema: ticketSchema })
const labels = taskOf({ kind: 'labels', labels: ['billing', 'other'] })

it('reads JSONL with blank lines, CRLF, a byte-order mark and no last newline', async () => {
  const text = '\ufeff{"input":"a"}\r\n\r\n{"input":"b"}\n   \n{"input":"c"}'
  expect(summary(await read('f.jsonl', text))).toEqual([
    [1, 'a'],
    [3, 'b'],
    [5, 'c'],
  ])
})

it('reads lines that end in CR alone', async () => {
  expect(summary(await read('f.jsonl', '{"input":"a"}\r{"input":"b"}\r', {}, 14))).toEqual([
    [1, 'a'],
    [2, 'b'],
  ])
})

it('keeps U+2028, U+2029 and characters beyond the basic plane, wherever chunks are cut', async () => {
  for (const size of [1, 2, 3, 5, 1000]) {
    const rows = await read('f.ndjson', '{"input":"a\u2028b\u2029c😀é"}\n', {}, size)
    expect(rows.map((row) => row.input)).toEqual(['a\u2028b\u2029c😀é'])
  }
})

it('reads a JSON array, pretty or not, and objects one after the other', async () => {
  const pretty = JSON.stringify([{ input: 'a [' }, { input: 'b } "q" \\' }], null, 2)
  for (const size of [1, 4, 1000]) {
    expect(summary(await read('f.json', pretty, {}, size))).toEqual([
      [2, 'a ['],
      [5, 'b } "q" \\'],
    ])
  }
  expect(summary(await read('f.json', '{"input":"a"}\n{"input":\n"b"}'))).toEqual([
    [1, 'a'],
    [2, 'b'],
  ])
})

it('reads CSV with separators, quotes and line breaks inside cells, and counts their lines', async () => {
  const csv = 'id,input\r\n1,"a, ""b""\r\nsecond"\r\n\r\n2,"c\nd\ne"\n3,f'
  for (const size of [1, 3, 1000]) {
    expect(summary(await read('f.csv', csv, {}, size))).toEqual([
      [2, 'a, "b"\r\nsecond'],
      [5, 'c\nd\ne'],
      [8, 'f'],
    ])
  }
})

it('reads CSV with semicolons and TSV', async () => {
  expect(summary(await read('f.csv', 'id;input\n1;a,b\n'))).toEqual([[2, 'a,b']])
  expect(summary(await read('f.tsv', 'id\tinput\n1\ta,b\n'))).toEqual([[2, 'a,b']])
})

it('tells the format of a file without an extension from its first character', async () => {
  expect(summary(await read('data', ' \n[{"input":"a"}]'))).toEqual([[2, 'a']])
  expect(summary(await read('data', '{"input":"a"}\n'))).toEqual([[1, 'a']])
  expect(summary(await read('data', 'id,input\n1,a\n'))).toEqual([[2, 'a']])
})

it('gives rows the same key whose inputs differ in white space or Unicode form only', async () => {
  const rows = await read(
    'f.jsonl',
    '{"input":"cafe\u0301  x"}\n{"id":7,"input":" caf\u00e9\\nx"}\n{"input":"Café x"}',
  )
  expect(rows[0].key).toBe(rows[1].key)
  expect(rows[0].key).not.toBe(rows[2].key)
  expect(rows.map((row) => row.id)).toEqual([rows[0].key.slice(0, 12), '7', rows[2].key.slice(0, 12)])
})

it('takes an answer from expected, output, answer or completion', async () => {
  const lines = ['expected', 'output', 'answer', 'completion'].map((key) =>
    JSON.stringify({ input: key, [key]: 'billing' }),
  )
  const rows = await read('f.jsonl', lines.join('\n'), { task: labels, answers: 'required' })
  expect(rows.map((row) => row.expected)).toEqual(Array.from({ length: 4 }, () => 'billing'))
})

it('reads prompt and completion, and another usual name when the default one is not there', async () => {
  const rows = await read(
    'f.jsonl',
    '{"prompt":"p","completion":" other"}\n{"text":"t","output":"billing"}',
    {
      task: labels,
    },
  )
  expect(rows.map(({ input, expected }) => [input, expected])).toEqual([
    ['p', 'other'],
    ['t', 'billing'],
  ])
})

const csvTicket = 'input,topic,urgent,stars,tags,order,place.city\n'
const typed = {
  topic: 'billing',
  urgent: true,
  stars: 4,
  tags: ['a', 'b'],
  order: null,
  place: { city: 'Ulm' },
}

it('gives CSV cells the types of the fields', async () => {
  const csv = `${csvTicket}x,billing,TRUE,4,"[""a"",""b""]",,Ulm\n`
  const [row] = await read('f.csv', csv, { task: ticket, answers: 'required' })
  expect(row.expected).toEqual(typed)
})

it('leaves out an optional field whose cell is empty, but not the object that must be around it', async () => {
  const [row] = await read('f.csv', `${csvTicket}x,billing,false,0,[],A-1,\n`, { task: ticket })
  expect(row.expected).toEqual({
    topic: 'billing',
    urgent: false,
    stars: 0,
    tags: [],
    order: 'A-1',
    place: {},
  })
})

it('takes a row whose answer cells are all empty as one without an answer', async () => {
  const [row] = await read('f.csv', `${csvTicket}x,,,,,,\n`, { task: ticket })
  expect(row.expected).toBeUndefined()
})

it('reads flat JSON, with nested objects or dotted keys', async () => {
  const { place, ...flat } = typed
  const lines = [
    { input: 'x', ...flat, place },
    { input: 'y', ...flat, 'place.city': 'Ulm' },
  ]
  const rows = await read('f.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'), { task: ticket })
  expect(rows.map((row) => row.expected)).toEqual([typed, typed])
})

it('reads answers as JSON text for a JSON task', async () => {
  const line = JSON.stringify({ input: 'x', output: JSON.stringify(typed) })
  expect((await read('f.jsonl', line, { task: ticket }))[0].expected).toEqual(typed)
})

it('takes the one other column as the label, whatever its name, where answers are required', async () => {
  const options = { inputField: 'text', task: { ...labels, input: 'text' } }
  const csv = 'id,text,category\n1,x,billing\n'
  expect((await read('f.csv', csv, { ...options, answers: 'required' }))[0].expected).toBe('billing')
  expect((await read('f.csv', csv, options))[0].expected).toBeUndefined()
})

it('guesses the types of columns while the output is not known', async () => {
  const csv = 'id,input,a,b,c,d,e\n1,x,true,1,007,"[1]",\n2,y,False,2.5,8,[],\n'
  const rows = await read('f.csv', csv, { answers: 'required' })
  expect(rows.map((row) => row.expected)).toEqual([
    { a: true, b: 1, c: '007', d: [1], e: null },
    { a: false, b: 2.5, c: '8', d: [], e: null },
  ])
})

it('takes a lone label column as the answer while the output is not known', async () => {
  const rows = await read('f.csv', 'text,label\nx,billing\n', { answers: 'required' })
  expect(rows[0].expected).toBe('billing')
})

it('looks for no answers where they are to be ignored', async () => {
  const rows = await read('f.jsonl', '{"input":"x","expected":"nonsense"}', {
    task: labels,
    answers: 'ignored',
  })
  expect(rows[0].expected).toBeUndefined()
})

it('puts context fields before the input as name=value lines', async () => {
  const text = '{"input":"13","asked":["time","people"],"n":2}\n{"input":"14","asked":[],"n":null}'
  const rows = await read('f.jsonl', text, { contextFields: ['asked', 'n'] })
  expect(rows.map((row) => row.input)).toEqual(['asked=time,people\nn=2\n13', 'asked=\nn=\n14'])
  expect(rows.map((row) => row.context)).toEqual(['asked=time,people\nn=2\n', 'asked=\nn=\n'])
})

it('groups by the named field, by conversation, else by input', async () => {
  const text = '{"input":"a","customer":5,"conversation":"c"}\n{"input":"b","customer":null}'
  const rows = await read('f.jsonl', text, { groupField: 'customer' })
  expect(rows.map((row) => row.group)).toEqual(['5', rows[1].key])
  expect((await read('f.jsonl', text))[0].group).toBe('c')
})

const chat = (...turns: JsonObject[]): string => JSON.stringify({ messages: turns })
const user = (content: string): JsonObject => ({ role: 'user', content })
const assistant = (content: string, more: JsonObject = {}): JsonObject => ({
  role: 'assistant',
  content,
  ...more,
})

it('reads chat lines: last answer expected, user before it the input, earlier turns history', async () => {
  const system = { role: 'system', content: 'You sort.' }
  const [row] = await read(
    'f.jsonl',
    chat(system, user('a'), assistant('b'), user('c'), assistant('other')),
    {
      task: labels,
      answers: 'required',
    },
  )
  expect(row).toMatchObject({
    input: 'c',
    history: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ],
    expected: 'other',
  })
})

it('tells rows of one input with different histories apart and groups them with their conversation', async () => {
  const lines = [
    chat(user('a'), assistant('b'), user('yes')),
    chat(user('q'), assistant('b'), user('yes')),
    chat(user('a')),
  ]
  const rows = await read('f.jsonl', lines.join('\n'))
  expect(new Set(rows.map((row) => row.key)).size).toBe(3)
  expect(rows[0].group).toBe(rows[2].group)
  expect(rows[0].group).not.toBe(rows[1].group)
})

it('does not learn from assistant messages of weight 0', async () => {
  const lines = [
    chat(user('a'), assistant('billing', { weight: 1 }), user('b'), assistant('other', { weight: 0 })),
    chat(user('a'), assistant('billing', { weight: 0 })),
  ]
  const rows = await read('f.jsonl', lines.join('\n'), { task: labels })
  expect(rows.map(({ input, expected }) => [input, expected])).toEqual([
    ['a', 'billing'],
    ['a', undefined],
  ])
})

it('reads text parts and preference lines', async () => {
  const parts = {
    role: 'user',
    content: [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ],
  }
  const preference = {
    input: { messages: [user('q')] },
    preferred_output: [assistant('billing')],
    non_preferred_output: [assistant('other')],
  }
  const rows = await read('f.jsonl', [chat(parts), JSON.stringify(preference)].join('\n'), { task: labels })
  expect(rows.map(({ input, expected }) => [input, expected])).toEqual([
    ['ab', undefined],
    ['q', 'billing'],
  ])
})

it('allows one id for one input, twice', async () => {
  expect(await read('f.jsonl', '{"id":"1","input":"a"}\n{"id":1,"input":"a "}')).toHaveLength(2)
})

it('yields the rows before a fault', async () => {
  const rows: string[] = []
  const open = (): AsyncIterable<Uint8Array> => inChunks('input\na\nb\n"c', 1000)
  await expect(async () => {
    for await (const row of readRows('f.csv', { inputField: 'input', open })) rows.push(row.input)
  }).rejects.toMatchObject({ code: 'DATA_INVALID' })
  expect(rows).toEqual(['a', 'b'])
})

it('closes the file when reading ends early', async () => {
  let closed = 0
  async function* open(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from('{"input":"a"}\n')
    } finally {
      closed++
    }
  }
  for (const file of ['f.jsonl', 'f.json', 'f']) {
    for await (const _ of readRows(file, { inputField: 'input', open })) break
  }
  expect(closed).toBe(3)
})

interface Refusal {
  readonly name: string
  readonly file?: string
  readonly content: Content
  readonly options?: Partial<ReadOptions>
  readonly code?: string
  readonly message: RegExp
}

const bytes = (...parts: (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))))

const refusals: Refusal[] = [
  {
    name: 'bad JSON',
    content: '{"input":"a"}\n{"input":"b",}\n',
    message: /^f\.jsonl:2: not JSON: .* at position 13, near \{"input":"b",\}$/,
  },
  {
    name: 'bad JSON far into a line',
    content: `{"input":"${'x'.repeat(5000)}" 5, "b":"${'y'.repeat(5000)}"}`,
    message: /near \.\.\.x+" 5, "b":"y+\.\.\.$/,
  },
  { name: 'cut JSON', content: '{"input":"a"}\n{"input":"b', message: /^f\.jsonl:2: not JSON/ },
  {
    name: 'bad UTF-8',
    content: bytes('{"input":"é"}\n{"input":"', 0xe9, '"}\n'),
    message: /^f\.jsonl:2: not UTF-8: byte 0xe9 at byte offset 25$/,
  },
  {
    name: 'bad UTF-8 after a real U+FFFD',
    content: bytes('{"input":"\ufffd', 0xff, '"}'),
    message: /:1: not UTF-8: byte 0xff at byte offset 13$/,
  },
  {
    name: 'UTF-8 cut at the end',
    content: bytes('{"input":"a"}\n', 0xf0, 0x9f),
    message: /:2: not UTF-8: byte 0xf0 at byte offset 14$/,
  },
  {
    name: 'an encoded surrogate',
    content: bytes('{"input":"', 0xed, 0xa0, 0x80, '"}'),
    message: /not UTF-8: byte 0xed at byte offset 10$/,
  },
  {
    name: 'a NUL byte',
    content: bytes('{"input":"a"}\n{"input":"', 0, '"}'),
    message: /:2: a NUL byte at byte offset 24$/,
  },
  {
    name: 'UTF-16',
    content: Buffer.from('\ufeff{"input":"a"}', 'utf16le'),
    message: /^f\.jsonl: is UTF-16$/,
  },
  { name: 'gzip', content: bytes(0x1f, 0x8b, 8, 0), message: /is compressed/ },
  { name: 'a workbook', file: 'f.csv', content: bytes('PK', 3, 4, 'x'), message: /Excel/ },
  {
    name: 'a row that is a list',
    content: '[1,2]\n',
    message: /:1: a row must be a JSON object, got \[1,2\]$/,
  },
  {
    name: 'a row that is null',
    content: '{"input":"a"}\nnull',
    message: /:2: a row must be a JSON object, got null$/,
  },
  { name: 'a missing input', content: '{"id":1,"question":"a"}', message: /:1: no field "input"$/ },
  { name: 'an input of another type', content: '{"input":5}', message: /:1: input must be text, got 5$/ },
  { name: 'an empty input', content: '{"input":" "}', message: /:1: input is empty$/ },
  {
    name: 'too deep a nesting',
    content: `{"input":"a","x":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    message: /nested deeper/,
  },
  {
    name: 'an endless line',
    content: `{"input":"a"}\n{"input":"${'x'.repeat(5000)}`,
    options: { maxLineLength: 1000 },
    message: /^f\.jsonl:2: longer than 1000 characters$/,
  },
  {
    name: 'an endless object',
    file: 'f.json',
    content: `[\n{"input":"${'x'.repeat(5000)}`,
    options: { maxLineLength: 1000 },
    message: /^f\.json:2: longer than/,
  },
  {
    name: 'an endless cell',
    file: 'f.csv',
    content: `input\na\n"${'x\n'.repeat(5000)}`,
    options: { maxLineLength: 1000 },
    message: /^f\.csv:3: longer than/,
  },
  { name: 'an empty file', content: '', code: 'DATA_EMPTY', message: /^f\.jsonl: there is no row in it$/ },
  { name: 'blank lines only', content: '\n \n', code: 'DATA_EMPTY', message: /no row/ },
  { name: 'a header only', file: 'f.csv', content: 'input\n', code: 'DATA_EMPTY', message: /no row/ },
  { name: 'an empty array', file: 'f.json', content: '[ ]', code: 'DATA_EMPTY', message: /no row/ },
  {
    name: 'an id used twice',
    content: '{"id":1,"input":"a"}\n{"id":"1","input":"b"}',
    message: /:2: id "1" is that of line 1, whose input differs$/,
  },
  {
    name: 'an id that is an object',
    content: '{"id":{},"input":"a"}',
    message: /id must be text or a number/,
  },
  {
    name: 'an array never closed',
    file: 'f.json',
    content: '[{"input":"a"}\n',
    message: /f\.json:2: the array is never closed/,
  },
  {
    name: 'an object never closed',
    file: 'f.json',
    content: '[\n{"input":"a"',
    message: /f\.json:2: an object begins here/,
  },
  {
    name: 'a missing comma',
    file: 'f.json',
    content: '[{"input":"a"}\n{"input":"b"}]',
    message: /f\.json:2: expected "," or "\]"/,
  },
  {
    name: 'a comma too many',
    file: 'f.json',
    content: '[{"input":"a"},]',
    message: /expected an object.*got "\]"/,
  },
  { name: 'an array of strings', file: 'f.json', content: '["a"]', message: /f\.json:1: expected an object/ },
  {
    name: 'text after the array',
    file: 'f.json',
    content: '[{"input":"a"}]\nx',
    message: /f\.json:2: expected nothing after/,
  },
  {
    name: 'a fault on a later line of an object',
    file: 'f.json',
    content: '[{\n"input":"a",\n"b":tru}]',
    message: /f\.json:[13]: not JSON/,
  },
  {
    name: 'too few columns',
    file: 'f.csv',
    content: 'id,input\n1,"a\nb"\n2\n',
    message: /^f\.csv:4: 1 columns where the header has 2 \(id, input\)/,
  },
  { name: 'too many columns', file: 'f.csv', content: 'id,input\n1,a,b\n', message: /^f\.csv:2: 3 columns/ },
  {
    name: 'two columns of one name',
    file: 'f.csv',
    content: 'input,x,x\n',
    message: /^f\.csv:1: two columns are named "x"/,
  },
  {
    name: 'a column without a name',
    file: 'f.csv',
    content: 'input,\na,b\n',
    message: /^f\.csv:1: column 2 has no name/,
  },
  {
    name: 'a quote never closed',
    file: 'f.csv',
    content: 'id,input\r\n1,"a\r\nb"\r\n2,"c\r\n3,d\r\n',
    message: /^f\.csv:4: a quote opens here, in column 2, and is never closed$/,
  },
  {
    name: 'text after a closing quote',
    file: 'f.csv',
    content: 'id,input\n1,"a"b\n',
    message: /^f\.csv:2: the quoted cell in column 2/,
  },
  {
    name: 'a quote inside a bare cell',
    file: 'f.csv',
    content: 'id,input\n1,a"b\n',
    message: /^f\.csv:2: a quote in the middle of column 2/,
  },
  {
    name: 'a boolean that is none',
    file: 'f.csv',
    content: `${csvTicket}x,billing,maybe,1,[],,\n`,
    options: { task: ticket },
    message: /^f\.csv:2: urgent must be true or false, got "maybe"/,
  },
  {
    name: 'a number that is none',
    file: 'f.csv',
    content: `${csvTicket}x,billing,true,four,[],,\n`,
    options: { task: ticket },
    message: /stars must be a number, got "four"/,
  },
  {
    name: 'a list that is none',
    file: 'f.csv',
    content: `${csvTicket}x,billing,true,1,a;b,,\n`,
    options: { task: ticket },
    message: /tags must be JSON text, got "a;b"/,
  },
  {
    name: 'an enum value that is none',
    file: 'f.csv',
    content: `${csvTicket}x,biling,true,1,[],,\n`,
    options: { task: ticket },
    message: /^f\.csv:2: the expected answer is not valid: topic .*"biling"/,
  },
  {
    name: 'a label that is none',
    content: '{"input":"a","output":"x"}',
    options: { task: labels },
    message: /:1: the expected answer is not valid: "x"/,
  },
  {
    name: 'a missing answer',
    content: '{"input":"a"}',
    options: { task: labels, answers: 'required' },
    message: /:1: no expected answer$/,
  },
  {
    name: 'a context field that no row has',
    content: '{"input":"a"}',
    options: { contextFields: ['chanel'] },
    message: /no row has a field "chanel"/,
  },
  {
    name: 'a group field that no row has',
    content: '{"input":"a"}',
    options: { groupField: 'costumer' },
    message: /no row has a field "costumer"/,
  },
  {
    name: 'a context field that is an object',
    content: '{"input":"a","c":{}}',
    options: { contextFields: ['c'] },
    message: /c must be text/,
  },
  {
    name: 'messages without a user',
    content: chat(assistant('a')),
    message: /:1: messages has no user message/,
  },
  { name: 'messages that are no list', content: '{"messages":"a"}', message: /messages must be a list/ },
  {
    name: 'an answer that is a tool call',
    content: '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null}]}',
    message: /messages\[1\]\.content must be text, got null/,
  },
  {
    name: 'an unknown role',
    content: '{"messages":[{"role":"tool","content":"a"}]}',
    message: /messages\[0\]\.role must be/,
  },
  {
    name: 'an image',
    content: '{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}',
    message: /content\[0\] must be text/,
  },
]

for (const { name, file = 'f.jsonl', content, options, code = 'DATA_INVALID', message } of refusals) {
  it(`refuses ${name}`, async () => {
    for (const size of [1, 13, 100_000]) {
      await expect(read(file, content, options, size)).rejects.toMatchObject({
        name: 'PotstillError',
        code,
        message: expect.stringMatching(message) as unknown,
      })
    }
  })
}

it('refuses a file that is not there, and a folder', async () => {
  const missing = readRows('no-such-file.jsonl', { inputField: 'input' }).next()
  await expect(missing).rejects.toMatchObject({
    code: 'DATA_NOT_FOUND',
    message: 'no-such-file.jsonl: there is no such file',
  })
  const folder = readRows(import.meta.dirname, { inputField: 'input' }).next()
  await expect(folder).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' })
})
