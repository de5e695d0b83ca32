import { expect, it } from 'vitest'
import type { Reply } from '../../core/chat-model.ts'
import type { CurationReason } from '../../core/curation.ts'
import { drain } from '../../core/event.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { outputFields } from '../../core/output-fields.ts'
import { rowKey, type Row } from '../../core/row.ts'
import type { Task, TaskOutput } from '../../core/task.ts'
import { curate, curationMeanings, type Curated, type CurateOptions } from './curate.ts'
import type { Candidate } from './entry.ts'

function taskOf(output: TaskOutput): Task {
  return { name: 'test', input: 'input', prompt: '', output, fields: outputFields(output) }
}

const schema: JsonObject = {
  type: 'object',
  required: ['topic', 'order'],
  properties: {
    topic: { enum: ['billing', 'delivery', 'other'] },
    order: { type: ['string', 'null'], 'x-quoted': true },
  },
}
const task = taskOf({ kind: 'json', schema })
const text = taskOf({ kind: 'text' })

let rows = 0
function row(input: string, more: Partial<Row> = {}): Row {
  const key = rowKey(input, more.history)
  return { id: `r${++rows}`, key, input, group: key, source: { file: 'f', line: rows }, ...more }
}

const answer = (topic: string, order: string | null = null): JsonObject => ({ topic, order })

function labelled(input: string, output: Json = answer('billing')): Candidate {
  return { row: row(input), output, origin: 'labelled' }
}

function taught(input: string, output: Json = answer('billing'), more: Partial<Reply> = {}): Candidate {
  const content = typeof output === 'string' ? output : JSON.stringify(output)
  const reply = { content, finishReason: 'stop', usage: null, latencyMs: null, priceUsd: null, raw: null }
  return { row: row(input), reply: { ...reply, ...more } }
}

function run(candidates: readonly Candidate[], options: Partial<CurateOptions> = {}): Promise<Curated> {
  return drain(curate(candidates, { task, evaluation: [], ...options }), () => {})
}

/** The reason for which each candidate went, or "kept". */
async function reasons(
  candidates: readonly Candidate[],
  options: Partial<CurateOptions> = {},
): Promise<(CurationReason | 'kept')[]> {
  const { fates } = await run(candidates, options)
  return fates.map(({ kept, reason }) => (kept ? 'kept' : (reason as CurationReason)))
}

const long = 'the parcel with the blue vases has been on its way for more than three weeks now'

it('keeps good rows as they are, labelled and taught, in their order', async () => {
  const first = taught('where is my parcel', answer('delivery'), { callKey: 'call-1' })
  const second = labelled('what is this charge')
  const { kept, fates, summary } = await run([first, second])
  expect(kept).toEqual([
    { row: first.row, output: answer('delivery'), origin: 'teacher', callKey: 'call-1' },
    second,
  ])
  expect(kept[1]).toBe(second)
  expect(fates.map(({ rowId, rowKey: key, kept: stays }) => [rowId, key, stays])).toEqual([
    [first.row.id, first.row.key, true],
    [second.row.id, second.row.key, true],
  ])
  expect(summary).toMatchObject({ candidates: 2, kept: 2, removed: [], leaks: [] })
})

it('removes failed calls with their fault', async () => {
  const { fates } = await run([{ row: row('a'), fault: 'HTTP 500' }])
  expect(fates[0]).toMatchObject({ kept: false, origin: 'teacher', reason: 'failed', detail: 'HTTP 500' })
})

it('removes refusals: said by the provider, or in words instead of an answer', async () => {
  expect(
    await reasons([
      taught('a', answer('billing'), { refusal: 'I will not.' }),
      taught('b', '', { finishReason: 'content_filter' }),
      taught('c', "I'm sorry, but I can't assist with that."),
    ]),
  ).toEqual(['refused', 'refused', 'refused'])
})

it('removes refusals in free text, but not answers that merely apologise', async () => {
  const refusals = [
    'I cannot help with that request.',
    'I’m sorry, but I can’t provide this.',
    'Sorry, I am unable to answer that.',
    'As an AI language model, I have no orders.',
    'I am a large language model and so on',
    'Unfortunately, I am not able to assist.',
  ]
  const answers = [
    "I'm sorry that your parcel is late.",
    'I cannot see the order yet.',
    'The API cannot assist you.',
  ]
  const found = await reasons(
    [...refusals, ...answers].map((reply, index) => taught(`${index}`, reply)),
    { task: text },
  )
  expect(found).toEqual([...refusals.map(() => 'refused'), ...answers.map(() => 'kept')])
})

it('removes answers that are not valid, taught or labelled, or cut off, and says why', async () => {
  const { fates } = await run([
    taught('a', answer('weather')),
    taught('b', 'no JSON'),
    labelled('c', { topic: 'billing' }),
    taught('d', answer('billing'), { finishReason: 'length' }),
  ])
  expect(fates.map(({ reason }) => reason)).toEqual(['invalid', 'invalid', 'invalid', 'invalid'])
  expect(fates[0].detail).toContain('topic')
  expect(fates[3].detail).toBe('cut off at the token limit')
})

it('removes answers that quote what the input does not say', async () => {
  const { fates } = await run([
    taught('order A-17 is late', answer('delivery', 'A-17')),
    taught('order A-18 is late', answer('delivery', 'A-81')),
    labelled('order A-19 is late', answer('delivery', 'a-19')),
  ])
  expect(fates.map(({ reason }) => reason)).toEqual([undefined, 'not_quoted', 'not_quoted'])
  expect(fates[1].detail).toBe('order is "A-81", which is not in the input')
})

it('keeps the labelled one of several equal rows, else the first', async () => {
  expect(await reasons([taught('a b'), labelled(' a  b'), taught('c'), taught('c ')])).toEqual([
    'duplicate',
    'kept',
    'kept',
    'duplicate',
  ])
})

it('takes the label where teacher and label contradict each other', async () => {
  const { fates, kept } = await run([taught('a', answer('other')), labelled('a')])
  expect(fates[0]).toMatchObject({ reason: 'conflict', otherRowId: fates[1].rowId })
  expect(kept).toHaveLength(1)
})

it('takes the majority of contradicting answers, and none where there is no majority', async () => {
  const one = (topic: string): Candidate => taught('a', answer(topic))
  expect(await reasons([one('other'), one('billing'), one('billing')])).toEqual([
    'conflict',
    'kept',
    'duplicate',
  ])
  expect(await reasons([one('other'), one('billing')])).toEqual(['conflict', 'conflict'])
  expect(
    await reasons([labelled('a'), labelled('a', answer('other')), one('billing'), one('other')]),
  ).toEqual(['conflict', 'conflict', 'conflict', 'conflict'])
})

it('does not take answers as contradicting that the graders call equal', async () => {
  const both = [
    taught('a', { order: null, topic: 'billing' }),
    taught('a', { topic: 'billing', order: null }),
  ]
  expect(await reasons(both)).toEqual(['kept', 'duplicate'])
})

it('tells rows of one input with different histories apart', async () => {
  const history = [{ role: 'user', content: 'is it late?' }] as const
  const withHistory: Candidate = {
    row: row('yes', { history }),
    output: answer('delivery'),
    origin: 'labelled',
  }
  expect(await reasons([withHistory, labelled('yes')])).toEqual(['kept', 'kept'])
  expect(await reasons([withHistory, labelled('yes')], { evaluation: [row('yes')] })).toEqual([
    'kept',
    'leak_exact',
  ])
})

it('does not take rows as similar for their context lines, nor as the same when those differ', async () => {
  const asked = (about: string, input: string): Row => {
    const context = `channel=the form on the help page\nasked=${about}\n`
    return row(context + input, { context })
  }
  const of = (about: string, input: string): Candidate => ({
    row: asked(about, input),
    output: answer('other'),
    origin: 'labelled',
  })
  const candidates = [
    of('people', '13 people'),
    of('people', '14 people'),
    of('time', '13'),
    of('time', long),
  ]
  const evaluation = [asked('people', '12 people'), asked('people', '13'), asked('people', long)]
  expect(await reasons(candidates, { evaluation })).toEqual(['kept', 'kept', 'kept', 'leak_near'])
  expect(await reasons([of('people', long), of('time', `${long}.`), of('time', `${long}!`)])).toEqual([
    'kept',
    'kept',
    'near_duplicate',
  ])
})

it('removes near duplicates with the same answer only', async () => {
  const near = [
    labelled(`${long}.`),
    taught(`${long}!`),
    taught(`So ${long}`),
    taught(`So, ${long}`, answer('other')),
  ]
  expect(await reasons(near)).toEqual(['kept', 'near_duplicate', 'near_duplicate', 'kept'])
})

it('keeps the labelled one of near duplicates, wherever it stands', async () => {
  expect(await reasons([taught(`So ${long}`), labelled(long)])).toEqual(['near_duplicate', 'kept'])
})

it('keeps short templated rows that differ in a number', async () => {
  const status = [123, 456, 789].map((id) =>
    taught(`what is the status of order ${id}`, answer('delivery', String(id))),
  )
  const people = [12, 13, 14].map((count) => taught(`${count} people`))
  expect(await reasons([...status, ...people])).toEqual(Array.from({ length: 6 }, () => 'kept'))
})

it('removes what is in or near the evaluation rows, labelled or not, and reports each', async () => {
  const evaluation = [row(`Well, ${long}, and nobody answers.`), row('Where is it?')]
  const leaking = [
    labelled('where is it'),
    taught(`Well, ${long}, and nobody replies`),
    taught('the parcel with the blue vases has been on its way', answer('delivery')),
    taught('it'),
  ]
  const { fates, summary } = await run(leaking, { evaluation })
  expect(fates.map(({ reason }) => reason)).toEqual(['leak_exact', 'leak_near', 'leak_substring', undefined])
  expect(summary.leaks.map(({ rowId, evaluationRowId, reason }) => [rowId, evaluationRowId, reason])).toEqual(
    [
      [fates[0].rowId, evaluation[1].id, 'leak_exact'],
      [fates[1].rowId, evaluation[0].id, 'leak_near'],
      [fates[2].rowId, evaluation[0].id, 'leak_substring'],
    ],
  )
  for (const { similarity } of summary.leaks) expect(similarity).toBeGreaterThan(0.3)
})

it('does not lose a row to one that itself leaks', async () => {
  const evaluation = [row(`${long} already, said the man at the desk`)]
  const leaking = `${long} already, said the man`
  expect(await reasons([labelled(leaking), taught(long)], { evaluation, leakSimilarity: 0.85 })).toEqual([
    'leak_near',
    'leak_substring',
  ])
  expect(
    await reasons([labelled(`oh ${long}`), taught(`ah ${long}`)], {
      evaluation: [row(`oh ${long}`)],
      leakSimilarity: 0.99,
    }),
  ).toEqual(['leak_exact', 'kept'])
})

it('limits the rows of one value, labelled ones first, and reports the balance', async () => {
  const candidates = [
    ...Array.from({ length: 6 }, (_, index) => taught(`charge ${index}`)),
    labelled('charge labelled'),
    taught('parcel', answer('delivery')),
  ]
  const { kept, summary } = await run(candidates, { maxPerValue: { topic: 3 } })
  expect(kept).toHaveLength(4)
  expect(kept.some(({ origin }) => origin === 'labelled')).toBe(true)
  expect(summary.removed).toEqual([
    { reason: 'over_class_limit', rows: 4, meaning: curationMeanings.over_class_limit },
  ])
  expect(summary.balance).toEqual([
    {
      path: 'topic',
      values: [
        { value: '"billing"', rows: 3 },
        { value: '"delivery"', rows: 1 },
        { value: '"other"', rows: 0 },
      ],
    },
  ])
  expect(summary.warnings.join(' ')).toContain('No row kept has topic "other"')
})

it('refuses a limit on a field that is not there', async () => {
  await expect(run([], { maxPerValue: { topics: 3 } })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'curate.maxPerValue names no field: "topics"',
    hint: 'The fields are topic, order.',
  })
})

it('warns of many leaks, many failures and faulty labels, and when nothing is left', async () => {
  const evaluation = [row('where is it')]
  const { summary } = await run(
    [labelled('where is it'), { row: row('b'), fault: 'HTTP 500' }, labelled('c', answer('weather'))],
    { evaluation },
  )
  expect(summary.warnings).toEqual([
    'No row is left to learn from.',
    expect.stringContaining('1 of 3 rows (33.3 %) were in or near the evaluation rows') as unknown,
    '2 of 3 rows (66.7 %) have no usable answer.',
    expect.stringContaining('1 row that people labelled was removed') as unknown,
  ])
})

it('accounts for every candidate once, and says the same twice', async () => {
  const candidates = Array.from({ length: 300 }, (_, index) =>
    index % 3 === 0
      ? labelled(`row ${index % 40}`)
      : taught(`row ${index % 50}`, answer(index % 7 === 0 ? 'x' : 'other')),
  )
  const evaluation = [row('row 3')]
  const once = await run(candidates, { evaluation })
  const removed = once.summary.removed.reduce((sum, { rows: count }) => sum + count, 0)
  expect(once.fates).toHaveLength(300)
  expect(once.kept.length + removed).toBe(300)
  expect(once.fates.filter(({ kept }) => kept)).toHaveLength(once.kept.length)
  expect(await run(candidates, { evaluation })).toEqual(once)
})

it('reports progress filter by filter', async () => {
  const labels: string[] = []
  await drain(curate([labelled('a')], { task, evaluation: [] }), (event) => {
    if (event.type === 'progress') labels.push(event.label)
  })
  expect(labels).toEqual([...Object.values(curationMeanings), 'done'])
})
