import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PotstillError } from './errors.ts'
import type { JsonObject } from './json.ts'
import { outputFields } from './output-fields.ts'

function fieldsOf(schema: JsonObject) {
  return outputFields({ kind: 'json', schema })
}

/** The one field of an object whose only, required property has this schema. */
function fieldOf(schema: JsonObject, rest: JsonObject = {}) {
  const [field, ...others] = fieldsOf({ type: 'object', properties: { x: schema }, required: ['x'], ...rest })
  expect(others).toEqual([])
  return field
}

function problemOf(schema: JsonObject): string {
  try {
    fieldsOf(schema)
  } catch (error) {
    if (error instanceof PotstillError) return `${error.code} ${error.message}`
    throw error
  }
  return 'no problem'
}

describe('outputFields', () => {
  it('reads the support desk schema', () => {
    const url = new URL('../../examples/support-desk/schema.json', import.meta.url)
    const fields = fieldsOf(JSON.parse(readFileSync(url, 'utf8')) as JsonObject)
    expect(fields.map((field) => `${field.path}:${field.kind}`)).toEqual([
      'intent:enum',
      'product:enum',
      'urgency:enum',
      'sentiment:enum',
      'needs_human:boolean',
      'reference:string',
    ])
    expect(fields[5]).toMatchObject({ nullable: true, optional: false, quoted: true })
    expect(fields[0].values).toHaveLength(18)
  })

  it('gives labels and text one field each', () => {
    expect(outputFields({ kind: 'labels', labels: ['a', 'b'] })).toEqual([
      {
        path: 'label',
        segments: [],
        kind: 'enum',
        values: ['a', 'b'],
        nullable: false,
        optional: false,
        quoted: false,
      },
    ])
    expect(outputFields({ kind: 'text' })[0]).toMatchObject({ path: 'text', kind: 'string' })
  })

  it('reads nested objects as dotted paths and absent keys as optional', () => {
    const slots = { type: 'object', properties: { city: { type: 'string' } } }
    const [field] = fieldsOf({ type: 'object', properties: { slots } })
    expect(field).toMatchObject({ path: 'slots.city', segments: ['slots', 'city'], optional: true })
  })

  it('knows the ways to say null', () => {
    const enumOrNull = { kind: 'enum', values: ['a'], nullable: true }
    expect(fieldOf({ enum: ['a', null] })).toMatchObject(enumOrNull)
    expect(fieldOf({ anyOf: [{ type: 'null' }, { enum: ['a'] }] })).toMatchObject(enumOrNull)
    expect(fieldOf({ oneOf: [{ const: 'a' }, { const: null }] })).toMatchObject(enumOrNull)
    expect(fieldOf({ type: ['string', 'null'], enum: ['a', null] })).toMatchObject(enumOrNull)
    expect(fieldOf({ type: 'string', enum: ['a', null] }).nullable).toBe(false)
    expect(fieldOf({ type: ['string', 'null'], enum: ['a'] }).nullable).toBe(false)
    expect(fieldOf({ type: 'integer', nullable: true })).toMatchObject({ kind: 'number', nullable: true })
  })

  it('reads constants and unions of constants as enums', () => {
    expect(fieldOf({ const: 3 })).toMatchObject({ kind: 'enum', values: [3] })
    expect(fieldOf({ anyOf: [{ const: 'a' }, { enum: ['b', 'a'] }] })).toMatchObject({ values: ['a', 'b'] })
  })

  it('reads numbers with their range', () => {
    expect(fieldOf({ type: 'integer', minimum: 1, maximum: 5 })).toMatchObject({
      kind: 'number',
      integer: true,
      minimum: 1,
      maximum: 5,
    })
    expect(fieldOf({ type: 'number' })).toMatchObject({ kind: 'number', integer: false })
  })

  it('reads lists of strings, free, quoted or of an enum', () => {
    expect(fieldOf({ type: 'array', items: { type: 'string' } })).toMatchObject({
      kind: 'strings',
      quoted: false,
    })
    expect(fieldOf({ type: 'array', items: { type: 'string', 'x-quoted': true } }).quoted).toBe(true)
    expect(fieldOf({ type: 'array', items: { type: 'string' }, 'x-quoted': true }).quoted).toBe(true)
    expect(fieldOf({ type: 'array', items: { enum: ['a', 'b'] } })).toMatchObject({ values: ['a', 'b'] })
  })

  it('follows references inside the schema', () => {
    const rest = { $defs: { Level: { enum: ['low', 'high'] }, 'a/b': { type: 'boolean' } } }
    expect(fieldOf({ $ref: '#/$defs/Level', description: 'how bad' }, rest).values).toEqual(['low', 'high'])
    expect(fieldOf({ allOf: [{ $ref: '#/$defs/Level' }] }, rest).values).toEqual(['low', 'high'])
    expect(fieldOf({ anyOf: [{ $ref: '#/$defs/Level' }, { type: 'null' }] }, rest).nullable).toBe(true)
    expect(fieldOf({ $ref: '#/$defs/a~1b' }, rest).kind).toBe('boolean')
  })

  it('joins what stands beside a reference or a combination', () => {
    const rest = {
      $defs: {
        At: { type: 'object', properties: { city: { type: 'string' } } },
        Word: { enum: ['a', null] },
      },
    }
    const [city] = fieldsOf({
      type: 'object',
      properties: { at: { type: 'object', allOf: [{ $ref: '#/$defs/At' }] } },
      ...rest,
    })
    expect(city.path).toBe('at.city')
    expect(fieldOf({ $ref: '#/$defs/Word', type: 'string' }, rest)).toMatchObject({
      values: ['a'],
      nullable: false,
    })
    expect(fieldOf({ type: ['string', 'null'], anyOf: [{ enum: ['a'] }, { type: 'null' }] })).toMatchObject({
      kind: 'enum',
      nullable: true,
    })
    expect(fieldOf({ $ref: '#/$defs/Word', enum: ['b'] }, rest).kind).toBe('json')
  })

  it('takes what it cannot divide into fields as one json field', () => {
    const schemas: JsonObject[] = [
      { type: 'array', items: { type: 'number' } },
      { type: ['string', 'number'] },
      { anyOf: [{ type: 'string' }, { type: 'number' }] },
      { type: 'object' },
      { type: 'object', properties: { a: {}, b: {} }, dependentRequired: { a: ['b'] } },
      { allOf: [{ type: 'string' }, { minLength: 2 }] },
      {},
    ]
    expect(new Set(schemas.map((schema) => fieldOf(schema).kind))).toEqual(new Set(['json']))
  })

  it('ends at a schema that contains itself', () => {
    const node = { type: 'object', properties: { name: { type: 'string' }, next: { $ref: '#' } } }
    expect(fieldsOf(node).map((field) => `${field.path}:${field.kind}`)).toEqual([
      'name:string',
      'next.name:string',
      'next.next:json',
    ])
  })

  it('reads a schema whose whole answer is one value', () => {
    expect(fieldsOf({ enum: ['a', 'b'] })[0]).toMatchObject({ path: 'label', segments: [] })
    expect(fieldsOf({ type: 'string' })[0].path).toBe('text')
  })

  it('keeps keys that objects inherit', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"enum":["a"]},"constructor":{"enum":["b"]}}}',
    ) as JsonObject
    expect(fieldsOf(schema).map((field) => field.path)).toEqual(['__proto__', 'constructor'])
  })

  it.each([
    [{ type: 'object', properties: { a: { type: 'strnig' } } }, 'schema.properties.a.type'],
    [
      { type: 'object', properties: { a: { enum: [] } } },
      'schema.properties.a must allow at least one value',
    ],
    [{ type: 'object', properties: [] }, 'schema.properties must be object, got []'],
    [{ type: 'object', properties: {} }, 'schema has no properties'],
    [{ type: 'object', properties: { a: { $ref: 'https://x.test/a' } } }, 'https://x.test/a'],
    [{ type: 'object', properties: { a: { $ref: '#/$defs/b' } } }, '#/$defs/b'],
    [{ type: 'object', properties: { a: {} }, required: ['b'] }, 'schema requires "b"'],
    [{ type: 'object', properties: { a: false } }, 'schema.properties.a'],
    [{ type: 'object', properties: { 'a.b': {}, a: { properties: { b: {} } } } }, '"a.b"'],
    [{ type: 'object', properties: { a: { type: 'string', pattern: '(' } } }, 'schema'],
  ] as [JsonObject, string][])('refuses %j and names the place', (schema, place) => {
    expect(problemOf(schema)).toMatch(/^SCHEMA_INVALID /)
    expect(problemOf(schema)).toContain(place)
  })

  it('refuses empty, padded and repeated labels', () => {
    const refused = (labels: string[]) => () => outputFields({ kind: 'labels', labels })
    expect(refused([])).toThrow('at least one label')
    expect(refused(['a', ' b'])).toThrow('labels[1]')
    expect(refused(['a', 'b', 'a'])).toThrow('labels[2] repeats "a"')
  })
})
