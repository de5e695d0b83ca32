import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../core/parse-config.ts'
import type { Json } from '../../core/json.ts'
import { planImport, type ImportPlan } from './plan-import.ts'
import { readImport } from './read-import.ts'
import type { FieldNames } from './find-fields.ts'
import type { Imported } from './imported-row.ts'

type Files = Readonly<Record<string, string | readonly Json[]>>

async function read(files: Files, names: FieldNames = {}): Promise<Imported> {
  return readImport(Object.keys(files), names, {
    async *open(file) {
      const content = files[file]
      yield Buffer.from(
        typeof content === 'string' ? content : content.map((line) => `${JSON.stringify(line)}\n`).join(''),
      )
    },
  })
}

async function plan(files: Files, names: FieldNames = {}): Promise<ImportPlan> {
  return planImport(await read(files, names), 'moods')
}

const user = (content: string): Json => ({ role: 'user', content })
const assistant = (content: string): Json => ({ role: 'assistant', content })
const system = { role: 'system', content: 'Say the mood.' }

function completion(question: string, answer: string, more: { readonly [key: string]: Json } = {}): Json {
  return {
    id: `chatcmpl-${question}`,
    object: 'chat.completion',
    model: 'gpt-4o-2024-08-06',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: answer } }],
    messages: [system, user(question)],
    ...more,
  }
}

const lines = (text: string | undefined): Json[] =>
  (text ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Json)

describe('readImport', () => {
  it('recognises each shape', async () => {
    const imported = await read({
      'all.jsonl': [
        completion('a', 'good'),
        {
          request: { messages: [user('b')] },
          response: { model: 'm', choices: [{ message: { content: 'bad' } }] },
        },
        { messages: [system, user('c'), assistant('good')] },
        {
          input: { messages: [user('d')] },
          preferred_output: [assistant('good')],
          non_preferred_output: [assistant('x')],
        },
        {
          input: { messages: [user('e')] },
          preferred_completion: [assistant('bad')],
          non_preferred_completion: [assistant('x')],
        },
        { item: { question: 'f', ground_truth: 'good' }, sample: { output_text: 'bad' } },
        { item: { input: [user('g')] }, sample: { model: 'm', output: [assistant('bad')] } },
        { object: 'eval.run.output_item', datasource_item: { question: 'h', label: 'bad' }, sample: {} },
        { input: [system, user('i')], ideal: ['good', 'fine'] },
        { text: 'j', label: 'bad' },
      ],
    })
    expect(imported.leftOut).toEqual([])
    expect(
      imported.rows.map(({ kind, input, answer, answeredBy }) => [kind, input, answer, answeredBy]),
    ).toEqual([
      ['stored completion', 'a', 'good', 'gpt-4o-2024-08-06'],
      ['stored completion', 'b', 'bad', 'm'],
      ['fine-tuning example', 'c', 'good', undefined],
      ['preference pair', 'd', 'good', undefined],
      ['preference pair', 'e', 'bad', undefined],
      ['eval item', 'f', 'good', undefined],
      ['eval item', 'g', 'bad', 'm'],
      ['eval output item', 'h', 'bad', undefined],
      ['eval item', 'i', 'good', undefined],
      ['row', 'j', 'bad', undefined],
    ])
  })

  it('reads pages of lists and the data inside of runs', async () => {
    const { rows } = await read({
      'page.json': JSON.stringify({ object: 'list', data: [completion('a', 'good')], has_more: false }),
      'run.json': JSON.stringify({
        object: 'eval.run',
        data_source: {
          type: 'jsonl',
          source: { type: 'file_content', content: [{ item: { text: 'b', label: 'bad' } }] },
        },
      }),
    })
    expect(rows.map(({ input }) => input)).toEqual(['a', 'b'])
  })

  it('counts what it leaves out, with the reason and the first place, and goes on', async () => {
    const { rows, leftOut } = await read({
      'x.jsonl': [
        JSON.stringify(completion('a', 'good')),
        '{"cut": ',
        JSON.stringify({ id: 'x', object: 'chat.completion', choices: [{ message: { content: 'hi' } }] }),
        JSON.stringify({ messages: [user('q'), { role: 'assistant', content: null, tool_calls: [{}] }] }),
        '{"also cut": ',
        JSON.stringify(
          completion('b', 'half', { choices: [{ finish_reason: 'length', message: { content: 'ha' } }] }),
        ),
        JSON.stringify({ one: 'a', two: 'b' }),
      ].join('\n'),
    })
    expect(rows).toHaveLength(1)
    expect(leftOut.map(({ reason, count, first }) => [reason, count, first.line])).toEqual([
      ['not JSON', 2, 2],
      ['a completion without the messages that it answers', 1, 3],
      ['tool calls', 1, 4],
      ['an answer that was cut short', 1, 6],
      ['the input cannot be told among the fields one, two', 1, 7],
    ])
  })

  it('takes the fields that the user names, and those that graders refer to', async () => {
    const named = await read({ 'x.csv': 'one,two\r\nhello,good\r\n' }, { input: 'one', answer: 'two' })
    expect(named.rows[0]).toMatchObject({ input: 'hello', answer: 'good' })
    const referred = await read({
      'eval.json': JSON.stringify({
        object: 'eval',
        testing_criteria: [
          { type: 'string_check', reference: '{{ item.verdict }}', input: '{{sample.output_text}}' },
        ],
      }),
      'items.jsonl': [{ item: { review: 'nice', verdict: 'good' } }],
    })
    expect(referred.rows[0]).toMatchObject({ input: 'nice', answer: 'good' })
    expect(referred.found).toEqual({ eval: 1, 'eval item': 1 })
  })

  it('does not fall over any record', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.dictionary(
            fc.constantFrom(
              'messages',
              'input',
              'choices',
              'item',
              'sample',
              'response',
              'text',
              'label',
              'preferred_output',
            ),
            fc.jsonValue(),
          ),
          { minLength: 1 },
        ),
        async (records) => {
          const imported = await read({ 'x.jsonl': records as Json[] })
          const left = imported.leftOut.reduce((sum, { count }) => sum + count, 0)
          const found = Object.values(imported.found).reduce((sum, count) => sum + count, 0)
          expect(left + found).toBe(records.length)
          planImport(imported, 'x')
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('planImport', () => {
  it('makes stored completions a recorded teacher and its inputs unlabelled rows', async () => {
    const { files, leftOut, labelled, unlabelled } = await plan({
      'x.jsonl': [
        completion('one', 'good'),
        completion('two', 'bad'),
        completion('three', 'bad'),
        completion('four', 'good'),
        completion('two', 'good'),
        completion('other', 'x', { messages: [{ role: 'system', content: 'Translate.' }, user('other')] }),
      ],
    })
    expect([labelled, unlabelled]).toEqual([0, 4])
    expect(leftOut.map(({ reason, count }) => [reason, count])).toEqual([
      ['another system message', 1],
      ['another answer to the same input', 1],
    ])
    expect([...files.keys()].sort()).toEqual([
      'data/unlabelled.jsonl',
      'potstill.yaml',
      'prompt.md',
      'recorded/teacher.jsonl',
    ])
    expect(lines(files.get('recorded/teacher.jsonl'))[1]).toEqual({
      input: 'two',
      answer: 'bad',
      pricedAs: 'openai/gpt-4o-2024-08-06',
    })
    expect(files.get('prompt.md')).toBe('Say the mood.\n')
    const config = parseConfig(files.get('potstill.yaml') ?? '', 'potstill.yaml')
    expect(config.teacher).toEqual({ model: 'recorded/teacher' })
    expect(config.task.output).toEqual({ labels: ['bad', 'good'] })
    expect(config.data).toEqual({ unlabelled: 'data/unlabelled.jsonl' })
  })

  it('infers a schema from JSON answers, and leaves out the few that are none', async () => {
    const answers = Array.from({ length: 20 }, (_, index) => ({
      messages: [
        user(`question ${index}`),
        assistant(JSON.stringify({ mood: index % 2 ? 'good' : 'bad', urgent: false })),
      ],
    }))
    const { files, leftOut } = await plan({
      'x.jsonl': [...answers, { messages: [user('hm'), assistant('I cannot tell')] }],
    })
    expect(JSON.parse(files.get('schema.json') ?? '')).toMatchObject({
      properties: { mood: { enum: ['bad', 'good'] } },
    })
    expect(leftOut.map(({ reason, count }) => [reason, count])).toEqual([
      ['an answer that is not like the others', 1],
    ])
    expect(lines(files.get('data/labelled.jsonl'))).toHaveLength(20)
  })

  it('takes the schema that the requests asked for', async () => {
    const schema = {
      type: 'object',
      properties: { mood: { enum: ['good', 'bad', 'mixed'] } },
      required: ['mood'],
    }
    const format = { type: 'json_schema', json_schema: { name: 'mood', schema } }
    const { files } = await plan({
      'x.jsonl': [completion('a', '{"mood":"good"}', { response_format: format })],
    })
    expect(JSON.parse(files.get('schema.json') ?? '')).toEqual(schema)
  })

  it('holds eval items out beside other rows, and converts the graders that it can', async () => {
    const { files, evaluation, labelled, notes } = await plan({
      'eval.json': JSON.stringify({
        object: 'eval',
        name: 'e',
        testing_criteria: [
          {
            type: 'string_check',
            name: 'same',
            operation: 'ilike',
            input: '{{ sample.output_text }}',
            reference: '{{ item.ideal }}',
          },
          {
            type: 'text_similarity',
            name: 'near',
            evaluation_metric: 'rouge_l',
            pass_threshold: 0.4,
            input: '{{sample.output_text}}',
            reference: '{{item.ideal}}',
          },
          {
            type: 'score_model',
            name: 'judge',
            model: 'gpt-6-sol',
            range: [1, 5],
            pass_threshold: 4,
            input: [
              {
                role: 'user',
                content: { type: 'input_text', text: 'Q {{item.question}} A {{sample.output_text}}' },
              },
            ],
          },
          {
            type: 'string_check',
            name: 'tone',
            operation: 'eq',
            input: '{{sample.output_text}}',
            reference: '{{item.tone}}',
          },
          { type: 'python', name: 'code', source: 'def grade(sample, item): return 1' },
        ],
      }),
      'train.jsonl': [
        { messages: [user('one'), assistant('A long answer to it.')] },
        { messages: [user('two'), assistant('Another one.')] },
      ],
      'items.jsonl': [{ item: { question: 'three', ideal: 'A third.', tone: 'kind' } }],
    })
    expect([labelled, evaluation]).toEqual([2, 1])
    const config = parseConfig(files.get('potstill.yaml') ?? '', 'potstill.yaml')
    expect(config.evaluate.graders).toMatchObject([
      { type: 'string_check', operation: 'ilike', name: 'same' },
      { type: 'text_similarity', metric: 'rouge_l', passThreshold: 0.4, reference: '{{item.expected}}' },
      {
        type: 'score_model',
        model: 'openai/gpt-6-sol',
        prompt: 'Q {{item.input}} A {{sample.output_text}}',
        range: [1, 5],
      },
    ])
    expect(config.student).toMatchObject({ kind: 'lm' })
    expect(notes.filter((note) => note.includes('was left out'))).toHaveLength(2)
  })

  it('types the columns of a CSV file', async () => {
    const { files } = await plan({
      'x.csv': 'id,message,mood,score\r\n1,hello there,good,3\r\n2,go away,bad,1\r\n3,hello again,good,3\r\n',
    })
    expect(lines(files.get('data/labelled.jsonl'))[0]).toEqual({
      id: '1',
      messages: [user('hello there'), assistant('{"mood":"good","score":3}')],
    })
    expect(parse(files.get('potstill.yaml') ?? '')).toMatchObject({
      name: 'moods',
      task: { output: 'schema.json' },
    })
  })

  it('keeps a name that YAML could take for something else', async () => {
    const { files } = planImport(
      await read({
        'x.jsonl': [
          { text: 'a', label: 'yes' },
          { text: 'b', label: 'yes' },
          { text: 'c', label: 'no' },
          { text: 'd', label: 'no' },
        ],
      }),
      '123',
    )
    expect(parseConfig(files.get('potstill.yaml') ?? '', 'x').name).toBe('123')
  })
})
