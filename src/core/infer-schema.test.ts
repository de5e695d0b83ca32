import { describe, expect, it } from 'vitest'
import { createAnswerParser } from './answer.ts'
import { fewValues, inferOutput } from './infer-schema.ts'
import type { Json, JsonObject } from './json.ts'
import { createRandom } from './random.ts'
import type { TaskOutput } from './task.ts'

function schemaOf(output: TaskOutput): JsonObject {
  return output.kind === 'json' ? output.schema : {}
}

/** The schema of a field that has these values, each given for its input. */
function fieldSchema(values: readonly (Json | undefined)[], inputs: readonly string[] = []): Json {
  const outputs = values.map((value): JsonObject => (value === undefined ? {} : { field: value }))
  const schema = schemaOf(inferOutput(outputs, inputs.length > 0 ? inputs : values.map(() => '')))
  return (schema.properties as JsonObject).field
}

function repeat<T>(values: readonly T[], times: number): T[] {
  return Array.from({ length: times }, () => values).flat()
}

describe('inferOutput', () => {
  it('takes strings of few values for labels and of many for text', () => {
    expect(inferOutput(['b', 'a', 'a', 'b'], [])).toEqual({ kind: 'labels', labels: ['a', 'b'] })
    const sentences = Array.from({ length: 9 }, (_, i) => `This is sentence number ${i}, all its own.`)
    expect(inferOutput(sentences, [])).toEqual({ kind: 'text' })
  })

  it('takes a string that is always quoted for a span, also when its values are few', () => {
    const quoted = { type: ['string', 'null'], 'x-quoted': true }
    expect(fieldSchema(['Rome', null, 'Oslo'], ['to Rome', 'to', 'Oslo it is'])).toEqual(quoted)
    expect(fieldSchema(repeat(['red'], 8), repeat(['a red car'], 8))).toEqual(quoted)
  })

  it('does not take a string for a span that is quoted too seldom', () => {
    const inputs = Array.from({ length: 100 }, (_, i) => `it is item${i}`)
    const values = inputs.map((_, i) => (i < 97 ? `item${i}` : 'something else'))
    expect(fieldSchema(values, inputs)).toEqual({ type: 'string' })
    values[97] = 'item97'
    expect(fieldSchema(values, inputs)).toHaveProperty('x-quoted', true)
  })

  it('takes lists of quoted strings and lists of few values', () => {
    expect(fieldSchema([['a b', 'c'], []], ['c and a b', 'x'])).toEqual({
      type: 'array',
      items: { type: 'string' },
      'x-quoted': true,
    })
    expect(fieldSchema(repeat([['urgent', 'legal'], ['legal'], []], 3))).toEqual({
      type: 'array',
      items: { enum: ['legal', 'urgent'] },
    })
  })

  it('takes few strings for an enum, with null where it was seen', () => {
    expect(fieldSchema(repeat(['low', 'high'], 3))).toEqual({ enum: ['high', 'low'] })
    expect(fieldSchema(repeat(['low', 'high', null], 3))).toEqual({ enum: ['high', 'low', null] })
  })

  it('takes booleans, and numbers with bounds where their values are few', () => {
    expect(fieldSchema([true, false])).toEqual({ type: 'boolean' })
    expect(fieldSchema(repeat([1, 5, 3], 4))).toEqual({ type: 'integer', minimum: 1, maximum: 5 })
    expect(fieldSchema([1.5, 20, null])).toEqual({ type: ['number', 'null'] })
  })

  it('requires only the keys that are always there, in nested objects too', () => {
    const outputs: JsonObject[] = [
      { intent: 'x', slots: { city: 'Rome' } },
      { intent: 'x', slots: {} },
      { intent: 'x' },
    ]
    expect(schemaOf(inferOutput(outputs, ['to Rome', '', '']))).toEqual({
      type: 'object',
      properties: {
        intent: { enum: ['x'] },
        slots: {
          type: 'object',
          properties: { city: { type: ['string', 'null'], 'x-quoted': true } },
          required: [],
        },
      },
      required: ['intent'],
    })
  })

  it('says nothing of what it cannot tell', () => {
    expect(fieldSchema([null, null])).toEqual({})
    expect(fieldSchema(['a', 1])).toEqual({})
    expect(fieldSchema([[], []])).toEqual({ type: 'array' })
    expect(inferOutput([], [])).toEqual({ kind: 'json', schema: {} })
  })

  it('keeps a key that objects inherit', () => {
    const outputs = [JSON.parse('{"__proto__":true}') as Json]
    const schema = schemaOf(inferOutput(outputs, ['']))
    expect(JSON.stringify(schema.properties)).toBe('{"__proto__":{"type":"boolean"}}')
  })

  it('gives a schema that every training output is valid against', () => {
    const random = createRandom(7)
    const scalars: Json[] = [null, true, 'a', 'b b', '', 1, 2.5, -3]
    const value = (depth: number): Json => {
      const kind = depth === 0 ? 0 : random.below(3)
      if (kind === 0) return scalars[random.below(scalars.length)]
      if (kind === 1) return Array.from({ length: random.below(3) }, () => value(depth - 1))
      return Object.fromEntries(
        Array.from({ length: random.below(3) }, (_, i) => [`k${i}`, value(depth - 1)]),
      )
    }
    for (let round = 0; round < 300; round++) {
      const outputs = Array.from({ length: 1 + random.below(5) }, () => value(3))
      const output = inferOutput(outputs, repeat(['a c'], outputs.length))
      if (output.kind !== 'json') continue
      const parse = createAnswerParser({ name: '', input: '', prompt: '', output, fields: [] })
      for (const each of outputs) expect(parse(JSON.stringify(each))).toEqual({ value: each })
    }
  })
})

describe('fewValues', () => {
  it('tells closed lists from open ones', () => {
    expect(fewValues(repeat(['This one is a long sentence.', 'And so is this one, too.'], 2))).toBe(true)
    expect(fewValues(['plan_change', 'how_to', 'outage', 'outage'])).toBe(true)
    expect(fewValues(['Plan change', 'How to', 'Outage', 'Outage'])).toBe(true)
    expect(fewValues(['Anna Berg', 'Bo Dahl', 'Cy Eng', 'Di Falk', 'Di Falk'])).toBe(false)
    expect(fewValues(['alpha', 'beta'])).toBe(false)
  })
})
