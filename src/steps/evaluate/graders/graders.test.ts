import { describe, expect, it } from 'vitest'
import { createAnswerParser } from '../../../core/answer.ts'
import type { GraderConfig } from '../../../core/config.ts'
import type { Json } from '../../../core/json.ts'
import { outputFields } from '../../../core/output-fields.ts'
import type { Row } from '../../../core/row.ts'
import type { Task } from '../../../core/task.ts'
import type { GraderTools } from './grade-criterion.ts'
import { createGrader, createGraders } from './registry.ts'

const output: Task['output'] = {
  kind: 'json',
  schema: {
    type: 'object',
    properties: { total: { type: 'number' }, reference: { type: ['string', 'null'], 'x-quoted': true } },
    required: ['total', 'reference'],
  },
}
/** None of the graders here asks anybody. */
const tools = (): never => {
  throw new Error('no tools')
}
const task: Task = { name: 'invoices', input: 'text', prompt: '', output, fields: outputFields(output) }
const parse = createAnswerParser(task)

async function grade(config: GraderConfig, content: string, expected?: Json): Promise<number | string> {
  const row: Row = {
    id: '1',
    key: 'k',
    input: 'Please pay invoice INV-7, 120.50 in all',
    group: 'g',
    source: { file: 'f', line: 1 },
    ...(expected === undefined ? {} : { expected }),
  }
  const parsed = parse(content)
  const reply = { content, finishReason: 'stop', usage: null, latencyMs: null, priceUsd: null, raw: null }
  const result = await createGrader(config, { task, parse, tools }).grade(row, {
    reply,
    value: 'value' in parsed ? parsed.value : undefined,
    ...('invalid' in parsed ? { invalid: parsed.invalid } : {}),
  })
  return 'error' in result ? result.error : result.score
}

const right = { total: 120.5, reference: 'INV-7' }

describe('exact_match', () => {
  it('asks for deep equality, whatever the order of keys', async () => {
    expect(await grade({ type: 'exact_match' }, '{"reference":"INV-7","total":120.5}', right)).toBe(1)
    expect(await grade({ type: 'exact_match' }, '{"reference":null,"total":120.5}', right)).toBe(0)
  })

  it('is an error, not a failure, without an expected answer', async () => {
    expect(await grade({ type: 'exact_match' }, JSON.stringify(right))).toBe('the row has no expected answer')
  })
})

describe('field', () => {
  it('looks at one field alone', async () => {
    expect(await grade({ type: 'field', path: 'total' }, '{"reference":null,"total":120.5}', right)).toBe(1)
    expect(await grade({ type: 'field', path: 'reference' }, '{"reference":null,"total":120.5}', right)).toBe(
      0,
    )
  })

  it('fails an invalid answer, also where the expected key is absent', async () => {
    expect(await grade({ type: 'field', path: 'nothing' }, 'no JSON', right)).toBe(0)
  })
})

describe('schema_valid', () => {
  it('passes what the schema allows and nothing else', async () => {
    expect(await grade({ type: 'schema_valid' }, JSON.stringify(right))).toBe(1)
    expect(await grade({ type: 'schema_valid' }, '{"total":"much","reference":null}')).toBe(0)
    expect(await grade({ type: 'schema_valid' }, 'Sure! {"total":1')).toBe(0)
  })
})

describe('string_check', () => {
  const check = (
    operation: 'eq' | 'ne' | 'like' | 'ilike',
    value: string,
    content: string,
  ): Promise<number | string> => grade({ type: 'string_check', operation, value }, content)

  it('knows the four operations', async () => {
    expect(await check('eq', 'yes', ' yes ')).toBe(1)
    expect(await check('ne', 'yes', 'yes')).toBe(0)
    expect(await check('like', 'es', 'yes')).toBe(1)
    expect(await check('like', 'ES', 'yes')).toBe(0)
    expect(await check('ilike', 'ES', 'yes')).toBe(1)
  })

  it('compares with the expected field where no value is given', async () => {
    const config = { type: 'string_check', operation: 'eq', path: 'reference' } as const
    expect(await grade(config, '{"reference":"INV-7","total":1}', right)).toBe(1)
    expect(await grade(config, '{"reference":"INV-8","total":1}', right)).toBe(0)
    expect(await grade(config, '{"reference":"INV-7","total":1}')).toBe('there is nothing to compare with')
  })
})

describe('numeric', () => {
  it('allows an absolute tolerance', async () => {
    const config = { type: 'numeric', path: 'total', tolerance: 0.5, relative: false } as const
    expect(await grade(config, '{"reference":null,"total":121}', right)).toBe(1)
    expect(await grade(config, '{"reference":null,"total":121.01}', right)).toBe(0)
  })

  it('allows a tolerance relative to the expected number', async () => {
    const config = { type: 'numeric', path: 'total', tolerance: 0.1, relative: true } as const
    expect(await grade(config, '{"reference":null,"total":132}', right)).toBe(1)
    expect(await grade(config, '{"reference":null,"total":133}', right)).toBe(0)
  })

  it('is an error where no number is expected', async () => {
    const config = { type: 'numeric', path: 'reference', tolerance: 0, relative: false } as const
    expect(await grade(config, JSON.stringify(right), right)).toBe('the expected value is not a number')
  })
})

describe('quoted', () => {
  it('passes what stands in the input word for word, and null', async () => {
    expect(await grade({ type: 'quoted' }, '{"total":1,"reference":"INV-7"}')).toBe(1)
    expect(await grade({ type: 'quoted' }, '{"total":1,"reference":null}')).toBe(1)
    expect(await grade({ type: 'quoted' }, '{"total":1,"reference":"INV-70"}')).toBe(0)
  })

  it('is given to every task that has quoted fields', () => {
    expect(createGraders([], { task, parse, tools }).map((grader) => grader.name)).toEqual([
      'quoted from input',
    ])
  })
})

describe('graders with templates', () => {
  const withoutModels = (): GraderTools => ({
    openModel: async () => Promise.reject(new Error('nobody is asked')),
    embed: async () => Promise.reject(new Error('nobody is asked')),
    python: null,
  })
  const judge = async (config: GraderConfig, content: string, expected?: Json): Promise<unknown> => {
    const row = {
      id: '1',
      key: 'k',
      input: 'two words',
      group: 'g',
      source: { file: 'f', line: 1 },
      expected,
    }
    const reply = { content, finishReason: 'stop', usage: null, latencyMs: null, priceUsd: null, raw: null }
    const parsed = parse(content)
    return createGrader(config, { task, parse, tools: withoutModels }).grade(row, {
      reply,
      value: 'value' in parsed ? parsed.value : undefined,
    })
  }

  it('compare the answer with the expected one, and name what is missing', async () => {
    const config = {
      type: 'text_similarity',
      metric: 'rouge_1',
      input: '{{sample.output_text}}',
      reference: '{{item.expected}}',
    } as const
    expect(await judge(config, 'the cat', 'a cat')).toMatchObject({ score: 0.5, passed: true })
    expect(await judge(config, 'the cat')).toEqual({ error: 'there is no item.expected' })
    expect(await judge({ ...config, passThreshold: 0.6 }, 'the cat', 'a cat')).toMatchObject({
      passed: false,
    })
  })

  it('give JavaScript the row and the answer', async () => {
    const source = `function grade(sample, item) {
      return { score: sample.output_json.total / item.expected.total, reason: item.input }
    }`
    const answer = JSON.stringify({ total: 5, reference: null })
    expect(await judge({ type: 'javascript', source }, answer, { total: 10, reference: null })).toEqual({
      score: 0.5,
      passed: false,
      reason: 'two words',
    })
  })
})
