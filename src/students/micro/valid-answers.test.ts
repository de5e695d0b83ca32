/** Whatever the parts say, the answer is valid against the schema. */
import { assert, array, double, integer, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAnswerParser, renderAnswer } from '../../core/answer.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { createRandom } from '../../core/random.ts'
import type { Task } from '../../core/task.ts'
import { exampleOf, jsonTask, taskOf } from '../../../test/support/micro-examples.ts'
import { planFields } from './field-plan.ts'
import { composeAnswer } from './runtime/answer.js'
import { headsOf, spansOf } from './training-rows.ts'

interface Case {
  readonly name: string
  readonly task: Task
  readonly outputs: readonly Json[]
  readonly inputs?: readonly string[]
}

const many = Array.from({ length: 24 }, (_, i) => i)
const proto = (text: string): JsonObject => JSON.parse(text) as JsonObject

const cases: readonly Case[] = [
  { name: 'labels', task: taskOf({ kind: 'labels', labels: ['a', 'b'] }), outputs: ['a', 'b', 'b'] },
  {
    name: 'a strict object with limits',
    task: jsonTask(
      {
        id: { type: 'string', pattern: '^[A-Z]{2}\\d+$', maxLength: 6 },
        amount: { type: 'number', exclusiveMinimum: 0, maximum: 500, multipleOf: 0.5 },
        count: { type: 'integer', minimum: 1, maximum: 500 },
        names: {
          type: 'array',
          items: { type: 'string', minLength: 2 },
          minItems: 1,
          maxItems: 2,
          uniqueItems: true,
        },
        tags: { type: 'array', items: { enum: ['x', 'y', 'z'] }, minItems: 1, maxItems: 2 },
        maybe: { type: ['integer', 'null'], minimum: 0 },
      },
      { required: ['id', 'amount', 'count', 'names', 'tags', 'maybe'], additionalProperties: false },
    ),
    inputs: many.map((i) => `AB${i} costs ${i + 0.5} for ${i + 100} of Bo${i} and Cy${i}, was ${1000 + i}`),
    outputs: many.map((i) => ({
      id: `AB${i}`,
      amount: i + 0.5,
      count: i + 100,
      names: i % 2 === 0 ? [`Bo${i}`] : [`Bo${i}`, `Cy${i}`],
      tags: i % 3 === 0 ? ['x'] : ['z', 'x'],
      maybe: i % 4 === 0 ? null : 1000 + i,
    })),
  },
  {
    name: 'nested objects that come and go',
    task: jsonTask(
      {
        at: {
          type: ['object', 'null'],
          properties: {
            city: { type: 'string' },
            level: { enum: ['low', 'high'] },
            in: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
          },
          required: ['city', 'level'],
        },
        pair: { type: 'array', items: { type: 'integer' } },
      },
      { required: ['at'] },
    ),
    inputs: many.map((i) => `to C${i}`),
    outputs: many.map((i): Json => {
      const pair: JsonObject = i % 2 === 0 ? {} : { pair: [1, 2] }
      if (i % 3 === 0) return { at: null, ...pair }
      const inner: JsonObject = i % 4 === 0 ? {} : { in: { ok: i % 5 === 0 } }
      return { at: { city: `C${i}`, level: i % 2 === 0 ? 'low' : 'high', ...inner }, ...pair }
    }),
  },
  {
    name: 'keys that objects inherit',
    task: taskOf({
      kind: 'json',
      schema: proto(
        '{"type":"object","properties":{"__proto__":{"enum":["a","b"]},"constructor":{"type":"string"},"toString":{"type":"boolean"}},"required":["__proto__","constructor"]}',
      ),
    }),
    inputs: many.map((i) => `word${i}`),
    outputs: many.map((i) => proto(`{"__proto__":"${i % 2 === 0 ? 'a' : 'b'}","constructor":"word${i}"}`)),
  },
]

describe('answers', () => {
  it.each(cases)('are valid for $name', ({ task, outputs, inputs }) => {
    const examples = outputs.map((output, i) => exampleOf(inputs?.[i] ?? `input ${i}`, output))
    const parse = createAnswerParser(task)
    for (const output of outputs) expect(parse(renderAnswer(task, output))).toHaveProperty('value')
    const plan = planFields(task, examples)
    const texts = array(string({ unit: 'grapheme' }), { maxLength: 4 })
    assert(
      property(integer(), texts, double(), (seed, spans, confidence) => {
        const random = createRandom(Math.abs(seed))
        const probabilities = headsOf(plan).map(({ key, values }) => [
          key,
          distribution(values.length, () => random.next()),
        ])
        const usual = ['AB7', '-5', '3', '7.25', '100000', 'Bo', '', '\ud800']
        const tags = spansOf(plan).map(({ key }) => {
          const chosen = [...spans, usual[random.below(usual.length)]].slice(random.below(5))
          return [key, { spans: chosen.map((text) => ({ text })), confidence }]
        })
        const answer = composeAnswer(plan, Object.fromEntries(probabilities), Object.fromEntries(tags))
        expect(parse(renderAnswer(task, answer.output))).toEqual({ value: answer.output })
      }),
      { numRuns: 300 },
    )
  })
})

function distribution(size: number, next: () => number): Float32Array {
  const weights = Float32Array.from({ length: size }, () => next() ** 4)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => (total > 0 ? weight / total : 1 / size))
}
