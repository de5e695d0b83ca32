import { describe, expect, it } from 'vitest'
import { PotstillError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Example } from '../../core/row.ts'
import { planFields } from './field-plan.ts'
import type { PlanNode } from './runtime/answer.js'
import { exampleOf, fieldExamples, jsonTask, repeat, taskOf } from '../../../test/support/micro-examples.ts'
import { headsOf, spansOf } from './training-rows.ts'

/** The plan of the one field "x" of an object, which has this schema. */
function fieldPlan(schema: JsonObject, examples: readonly Example[], rest: JsonObject = {}): PlanNode {
  const { root } = planFields(jsonTask({ x: schema }, rest), examples)
  if (root.kind !== 'object') throw new Error('the root is no object')
  return root.children[0].node
}

function problemOf(schema: JsonObject, examples: readonly Example[]): string {
  try {
    fieldPlan(schema, examples)
  } catch (error) {
    if (error instanceof PotstillError) return `${error.code} ${error.message} ${error.hint}`
    throw error
  }
  return 'no problem'
}

const required = { required: ['x'] }
const ids = Array.from({ length: 20 }, (_, i) => `id${i * 7}`)
const idInputs = ids.map((id) => `please look at ${id} now`)

describe('planFields', () => {
  it('gives an enum the values that occur, and nothing where nothing occurs', () => {
    const schema = { enum: ['a', 'b', 'c', null] }
    expect(fieldPlan(schema, fieldExamples(['b', 'b', 'a']), required)).toMatchObject({
      kind: 'head',
      values: ['b', 'a'],
      nothing: -1,
    })
    expect(fieldPlan(schema, fieldExamples(['b', 'b', 'a', null]))).toMatchObject({
      values: ['b', 'a', null],
      nothing: 2,
      empty: { value: null },
    })
    expect(fieldPlan(schema, fieldExamples(['b', undefined, undefined, null]))).toMatchObject({ empty: {} })
  })

  it('makes a field with one value a constant that is not quite certain', () => {
    expect(fieldPlan({ type: 'boolean' }, fieldExamples([true, true]))).toMatchObject({
      kind: 'constant',
      say: { value: true },
      confidence: 0.75,
    })
    expect(fieldPlan({ type: 'string' }, fieldExamples(['Not quoted.']))).toMatchObject({ kind: 'constant' })
    expect(fieldPlan({ type: 'string' }, fieldExamples([undefined]))).toMatchObject({
      kind: 'constant',
      say: {},
    })
  })

  it('takes strings that are found in their inputs for spans', () => {
    expect(fieldPlan({ type: 'string' }, fieldExamples(ids, idInputs), required)).toMatchObject({
      kind: 'span',
      empty: { value: '' },
      isNothing: true,
    })
    const nullable = { type: ['string', 'null'] }
    expect(fieldPlan(nullable, fieldExamples([...ids, null], [...idInputs, '']))).toMatchObject({
      empty: { value: null },
    })
    const firm = { type: 'string', minLength: 1 }
    expect(fieldPlan(firm, fieldExamples(ids, idInputs), required)).toMatchObject({
      empty: { value: 'id0' },
      isNothing: false,
    })
  })

  it('believes a schema that says a string is quoted', () => {
    const schema = { type: 'string', 'x-quoted': true }
    expect(fieldPlan(schema, fieldExamples(ids))).toMatchObject({ kind: 'span' })
  })

  it('takes strings of few values that are not quoted for classes', () => {
    expect(fieldPlan({ type: 'string' }, fieldExamples(repeat(['red', 'blue'], 4)))).toMatchObject({
      kind: 'head',
      values: ['blue', 'red'],
    })
  })

  it('refuses free text and says what to do', () => {
    const sentences = ids.map((id) => `A sentence about ${id}, written anew.`)
    const problem = problemOf({ type: 'string' }, fieldExamples(sentences))
    expect(problem).toMatch(/^TASK_UNSUPPORTED field "x" takes free text/)
    expect(problem).toContain('kind lm')
    const lists = sentences.map((sentence) => [sentence])
    expect(problemOf({ type: 'array', items: { type: 'string' } }, fieldExamples(lists))).toContain(
      'lists free text',
    )
    const objects = ids.map((id): Json => ({ id, n: 1 }))
    expect(problemOf({ type: 'object' }, fieldExamples(objects))).toContain('TASK_UNSUPPORTED')
    expect(() =>
      planFields(
        taskOf({ kind: 'text' }),
        sentences.map((text) => exampleOf('x', text)),
      ),
    ).toThrow('field "text" takes free text')
  })

  it('plans lists of quoted strings, and lists of few values as a set in their usual order', () => {
    const list = { type: 'array', items: { type: 'string' } }
    expect(
      fieldPlan(
        list,
        fieldExamples(
          ids.map((id) => [id]),
          idInputs,
        ),
      ),
    ).toMatchObject({ kind: 'list' })
    const tags = { type: 'array', items: { enum: ['a', 'b', 'c'] }, minItems: 1 }
    expect(fieldPlan(tags, fieldExamples(repeat([['c', 'a'], ['c']], 3)), required)).toMatchObject({
      kind: 'set',
      values: ['c', 'a'],
      limits: { minItems: 1 },
      empty: { value: ['c', 'a'] },
      isNothing: false,
    })
    expect(fieldPlan(list, fieldExamples([[], []]))).toMatchObject({ kind: 'constant', say: { value: [] } })
  })

  it('plans numbers as classes where they are few, else as spans, else as the nearest of those seen', () => {
    const integer = { type: 'integer' }
    expect(fieldPlan(integer, fieldExamples(repeat([1, 2, 3], 5)))).toMatchObject({ kind: 'head' })
    const numbers = ids.map((_, i) => 1000 + i * 13)
    const inputs = numbers.map((number) => `it costs ${number.toLocaleString('en')} a year`)
    expect(fieldPlan(integer, fieldExamples(numbers, inputs))).toMatchObject({
      kind: 'number',
      limits: { integer: true },
    })
    const scores = Array.from({ length: 200 }, (_, i) => i / 7)
    const node = fieldPlan({ type: 'number' }, fieldExamples(scores))
    expect(node.kind === 'head' && node.values.length).toBe(64)
  })

  it('has a presence head for an object that is sometimes missing', () => {
    const schema = {
      type: ['object', 'null'],
      properties: { city: { enum: ['a', 'b'] } },
      required: ['city'],
    }
    const values = [{ city: 'a' }, { city: 'b' }, null]
    expect(fieldPlan(schema, fieldExamples(values))).toMatchObject({
      kind: 'object',
      presence: '?x',
      empty: { value: null },
      children: [{ key: 'city', node: { kind: 'head', values: ['a', 'b', null], nothing: 2, empty: null } }],
    })
    expect(fieldPlan(schema, fieldExamples([null]))).toMatchObject({ kind: 'constant' })
    expect(fieldPlan(schema, fieldExamples(values.slice(0, 2)))).toMatchObject({ presence: null })
  })

  it('takes json that repeats as a whole', () => {
    const schema = { type: 'array', items: { type: 'number' } }
    expect(fieldPlan(schema, fieldExamples(repeat([[1, 2], [3]], 2)))).toMatchObject({
      kind: 'head',
      values: [[1, 2], [3]],
    })
    const opaque = { not: { type: 'number' } }
    expect(fieldPlan(opaque, fieldExamples(repeat(['a', null], 2)), required)).toMatchObject({
      values: ['a', null],
      empty: { value: null },
    })
  })
})

describe('headsOf and spansOf', () => {
  const properties: JsonObject = {
    urgent: { type: 'boolean' },
    tags: { type: 'array', items: { enum: ['a', 'b'] } },
    ref: { type: ['string', 'null'], 'x-quoted': true },
    amount: { type: ['number', 'null'] },
    place: { type: 'object', properties: { level: { enum: ['low', 'high'] } } },
  }
  const numbers = Array.from({ length: 15 }, (_, i) => 100 + i)
  const examples = numbers.map((amount, i) =>
    exampleOf(`ref R${i}, pay ${amount}.00`, {
      urgent: i % 2 === 0,
      tags: i % 3 === 0 ? ['a'] : ['a', 'b'],
      ref: `R${i}`,
      amount,
      ...(i % 5 === 0 ? {} : { place: { level: i % 2 === 0 ? 'low' : 'high' } }),
    }),
  )

  it('gives each head a distribution, each span its texts', () => {
    const plan = planFields(jsonTask(properties), examples)
    const heads = headsOf(plan)
    expect(heads.map(({ key, values }) => [key, ...values])).toEqual([
      ['+0 tags', 'false', 'true'],
      ['+1 tags', 'false', 'true'],
      ['=place.level', '"high"', '"low"', 'null'],
      ['=urgent', 'true', 'false'],
      ['?place', 'false', 'true'],
    ])
    expect(heads.map((head) => [...head.target(examples[1])])).toEqual([
      [0, 1],
      [0, 1],
      [1, 0, 0],
      [0, 1],
      [0, 1],
    ])
    expect(heads.map((head) => [...head.target(examples[0])])).toEqual([
      [0, 1],
      [1, 0],
      [0, 0, 1],
      [1, 0],
      [1, 0],
    ])
    expect(spansOf(plan).map((span) => [span.key, ...span.texts(examples[2])])).toEqual([
      ['=amount', '102.00'],
      ['=ref', 'R2'],
    ])
  })

  it('does not depend on the order of keys', () => {
    const turn = (value: Json): Json =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .map(([key, item]) => [key, turn(item)] as const)
              .reverse(),
          )
        : value
    const turned = examples.map((example) => ({ ...example, output: turn(example.output) }))
    expect(planFields(jsonTask(properties), turned)).toEqual(planFields(jsonTask(properties), examples))
    const keysOf = (task: ReturnType<typeof jsonTask>) =>
      headsOf(planFields(task, examples)).map(({ key }) => key)
    expect(keysOf(jsonTask(turn(properties) as JsonObject))).toEqual(keysOf(jsonTask(properties)))
  })

  it('follows soft labels, scaled to the values it knows', () => {
    const task = jsonTask({ x: { enum: ['a', 'b', 'c'] } })
    const soft = { x: { '"a"': 0.3, '"b"': 0.1, '"c"': 0.6 } }
    const rows = [
      exampleOf('1', { x: 'a' }, { soft }),
      exampleOf('2', { x: 'b' }),
      exampleOf('3', { x: 'a' }),
    ]
    const [head] = headsOf(planFields(task, rows))
    expect(head.values).toEqual(['"a"', '"b"'])
    expect([...head.target(rows[0])].map((p) => p.toFixed(2))).toEqual(['0.75', '0.25'])
    expect([...head.target(exampleOf('4', { x: 'c' }))]).toEqual([0.5, 0.5])
  })

  it('takes the nearest number for one that it does not know', () => {
    const rows = fieldExamples([...Array.from({ length: 80 }, (_, i) => i + 0.5), ...repeat([500], 10)])
    const [head] = headsOf(planFields(jsonTask({ x: { type: 'number' } }), rows))
    const target = head.target(exampleOf('', { x: 499 }))
    expect(head.values[target.indexOf(1)]).toBe('500')
  })
})
