import { describe, expect, it } from 'vitest'
import { removeAddedNulls, toStrictSchema } from './strict-schema.ts'

describe('toStrictSchema', () => {
  it('gives enums a type and takes our own keywords out', () => {
    const schema = {
      type: 'object',
      properties: {
        intent: { enum: ['a', 'b'] },
        code: { enum: ['x', null] },
        reference: { type: ['string', 'null'], 'x-quoted': true, maxLength: 9 },
      },
      required: ['intent', 'code', 'reference'],
      additionalProperties: false,
    }
    expect(toStrictSchema(schema)).toEqual({
      strict: true,
      schema: {
        ...schema,
        properties: {
          intent: { type: 'string', enum: ['a', 'b'] },
          code: { type: ['string', 'null'], enum: ['x', null] },
          reference: { type: ['string', 'null'] },
        },
      },
    })
  })

  it('makes optional properties required and nullable, at every depth', () => {
    const schema = {
      type: 'object',
      properties: {
        a: { type: 'integer' },
        b: { enum: ['x'] },
        list: { type: 'array', items: { type: 'object', properties: { c: { type: 'string' } } } },
      },
      required: ['list'],
    }
    expect(toStrictSchema(schema).schema).toEqual({
      type: 'object',
      properties: {
        a: { type: ['integer', 'null'] },
        b: { type: ['string', 'null'], enum: ['x', null] },
        list: {
          type: 'array',
          items: {
            type: 'object',
            properties: { c: { type: ['string', 'null'] } },
            required: ['c'],
            additionalProperties: false,
          },
        },
      },
      required: ['a', 'b', 'list'],
      additionalProperties: false,
    })
  })

  it.each([
    ['a free-form object', { type: 'object', properties: { a: { type: 'object' } } }],
    ['a map', { type: 'object', properties: {}, additionalProperties: { type: 'string' } }],
    ['a schema that allows anything', { type: 'object', properties: { a: true } }],
    ['all of several', { type: 'object', properties: { a: { allOf: [{ type: 'string' }] } } }],
    ['an answer that is no object', { enum: ['a', 'b'] }],
    [
      'an optional property in an alternative',
      {
        type: 'object',
        properties: { a: { anyOf: [{ type: 'object', properties: { b: { type: 'string' } } }] } },
      },
    ],
  ])('does not claim to be strict about %s', (_, schema) => {
    expect(toStrictSchema(schema)).toEqual({ strict: false, schema })
  })
})

describe('removeAddedNulls', () => {
  it('gives back what the original schema allows', () => {
    const schema = {
      type: 'object',
      properties: {
        gone: { type: 'string' },
        stays: { type: ['string', 'null'] },
        required: { enum: ['a', null] },
        list: { type: 'array', items: { type: 'object', properties: { gone: { enum: ['x'] } } } },
      },
      required: ['required'],
    }
    const answer = {
      gone: null,
      stays: null,
      required: null,
      list: [{ gone: null }, { gone: 'x' }],
      other: null,
    }
    expect(removeAddedNulls(answer, schema)).toEqual({
      stays: null,
      required: null,
      list: [{}, { gone: 'x' }],
      other: null,
    })
  })
})
