import { expect, it } from 'vitest'
import { answerType } from './answer-type.ts'

it('writes the type of an output', () => {
  const schema = {
    type: 'object',
    properties: {
      intent: { enum: ['a', 'b'] },
      'odd key': { type: 'boolean' },
      tags: { type: 'array', items: { enum: ['x', 'y'] } },
      at: {
        type: ['object', 'null'],
        properties: { city: { type: ['string', 'null'] }, n: { type: 'integer' } },
      },
      any: {},
    },
    required: ['intent', 'odd key', 'at'],
  }
  expect(answerType({ kind: 'json', schema })).toBe(`{
  readonly "intent": "a" | "b"
  readonly "odd key": boolean
  readonly "tags"?: readonly ("x" | "y")[]
  readonly "at": {
    readonly "city"?: string | null
    readonly "n"?: number
  } | null
  readonly "any"?: unknown
}`)
  expect(answerType({ kind: 'labels', labels: ['a', 'b'] })).toBe('"a" | "b"')
})
