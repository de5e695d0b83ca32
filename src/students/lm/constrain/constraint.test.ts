/** Whatever is written under a constraint is valid, ends in time, and is written in the tokens of training rows. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { families, fixtureTokenizer } from '../../../../test/support/fixture-tokenizer.ts'
import { randomSchema } from '../../../../test/support/random-schema.ts'
import type { JsonObject } from '../../../core/json.ts'
import { createRandom, type Random } from '../../../core/random.ts'
import { createSchemaValidator } from '../../../core/schema-validator.ts'
import { createTokenizer, type TextTokenizer } from '../text/tokenizer.ts'
import type { ConstraintSource } from '../types.ts'
import { createConstraint } from './constraint.ts'

const tokenizers = families.map((family) => createTokenizer(fixtureTokenizer(family)))
const tokenizer = tokenizers[0]

describe('an answer of tokens chosen at random', () => {
  it('is valid within any number of tokens that a shortest answer fits in', () => {
    fc.assert(
      fc.property(randomSchema, fc.nat(40), fc.nat(), fc.nat(3), (schema, spare, seed, which) => {
        const source: ConstraintSource = { kind: 'json', schema }
        const limit = createConstraint(source, tokenizers[which]).shortestTokens + spare
        const text = writeAtRandom(source, tokenizers[which], limit, createRandom(seed))
        expect(createSchemaValidator(schema)(JSON.parse(text))).toBeNull()
      }),
      { numRuns: 80 },
    )
  })

  it('is written as JSON.stringify writes it, whose own tokens are allowed, and forced where they are', () => {
    fc.assert(
      fc.property(randomSchema, fc.nat(), fc.nat(3), (schema, seed, which) => {
        const source: ConstraintSource = { kind: 'json', schema }
        const text = writeAtRandom(source, tokenizers[which], 60, createRandom(seed))
        const value: unknown = valueOf(text)
        fc.pre(value !== undefined)
        expect(JSON.stringify(value)).toBe(text)
        const ids = Array.from(tokenizers[which].encode(text))
        fc.pre(tokenizers[which].decode(ids) === text)
        follow(source, tokenizers[which], ids)
      }),
      { numRuns: 80 },
    )
  })
})

describe('a schema', () => {
  const cases: readonly (readonly [string, JsonObject, readonly unknown[], readonly string[]])[] = [
    [
      'objects in the order of the schema, optional keys left out or not',
      {
        type: 'object',
        properties: { a: { type: 'boolean' }, b: { type: 'null' }, c: { const: 'x' } },
        required: ['b'],
      },
      [{ a: true, b: null, c: 'x' }, { b: null }, { b: null, c: 'x' }, { a: false, b: null }],
      ['{}', '{"c":"x","b":null}', '{"b":null,}', '{"b": null}'],
    ],
    [
      'whole numbers within bounds',
      { type: 'integer', minimum: -12, exclusiveMaximum: 205 },
      [-12, -9, 0, 7, 99, 204],
      ['-13', '205', '-0', '01', '1.5', '1e2'],
    ],
    [
      'numbers within bounds',
      { type: 'number', minimum: -0.25, maximum: 3.5 },
      [-0.25, -0.125, 0, 0.1, 2.999999, 3.5, 3],
      ['-0.26', '3.51', '3.6', '4', '3.0', '1.50', '-0.250001'],
    ],
    [
      'numbers between open bounds',
      { type: 'number', exclusiveMinimum: 1, exclusiveMaximum: 1.5 },
      [1.000001, 1.499999, 1.25],
      ['1', '1.5', '2', '0.9'],
    ],
    [
      'multiples',
      { type: 'number', multipleOf: 0.5, minimum: 0, maximum: 2 },
      [0, 0.5, 1, 1.5, 2],
      ['0.25', '2.5'],
    ],
    [
      'strings of a length in characters',
      { type: 'string', minLength: 2, maxLength: 3 },
      ['ab', '日本語', '😀😀', '"\n'],
      ['"a"', '"abcd"', '"ab\n"', '"\\u0041b"'],
    ],
    [
      'strings of a pattern',
      { type: 'string', pattern: '^[A-Z]{2}-\\d{2,3}(?:/[a-c]|é)?$' },
      ['AB-12', 'ZZ-123/b', 'AB-12é'],
      ['"ab-12"', '"AB-1"', '"AB-12/d"'],
    ],
    [
      'strings with a pattern somewhere',
      { type: 'string', pattern: 'a|^b$' },
      ['xay', 'b', 'a'],
      ['"xb"', '""'],
    ],
    [
      'lists',
      { type: 'array', items: { type: 'integer', minimum: 0, maximum: 9 }, minItems: 1, maxItems: 3 },
      [[1], [1, 2, 3]],
      ['[]', '[1,2,3,4]', '[1,]'],
    ],
    [
      'lists that begin with given items',
      { type: 'array', prefixItems: [{ const: 1 }, { type: 'boolean' }], items: false, minItems: 1 },
      [[1], [1, true]],
      ['[]', '[true]', '[1,true,1]'],
    ],
    [
      'lists of different values',
      { type: 'array', items: { enum: ['a', 'b', 'c'] }, uniqueItems: true, minItems: 1 },
      [['b'], ['c', 'a', 'b']],
      ['["a","a"]', '[]'],
    ],
    [
      'either of several',
      { anyOf: [{ type: 'integer' }, { type: 'array', items: { type: 'null' } }, { enum: ['x', 'xy'] }] },
      [5, [null], 'x', 'xy'],
      ['true', '"xyz"'],
    ],
    [
      'exactly one of several that are told apart',
      {
        oneOf: [
          {
            type: 'object',
            properties: { kind: { const: 'a' }, n: { type: 'integer' } },
            required: ['kind', 'n'],
          },
          { type: 'object', properties: { kind: { const: 'b' } }, required: ['kind'] },
        ],
      },
      [{ kind: 'a', n: 1 }, { kind: 'b' }],
      ['{"kind":"a"}', '{"kind":"b","n":1}'],
    ],
    [
      'all of several',
      { type: 'integer', allOf: [{ minimum: 3 }, { maximum: 5 }, { enum: [1, 4, 5, 'x'] }] },
      [4, 5],
      ['3', '1'],
    ],
    [
      'references, within one another to some depth',
      {
        $ref: '#/$defs/node',
        $defs: {
          node: {
            type: 'object',
            properties: {
              v: { type: 'boolean' },
              next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
            },
            required: ['v', 'next'],
          },
        },
      },
      [
        { v: true, next: null },
        { v: true, next: { v: false, next: { v: true, next: null } } },
      ],
      ['{"v":true}'],
    ],
    [
      'objects with any keys',
      { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 1 },
      [{ a: 1, 'b"': 22 }],
      ['{}', '{"a":"x"}'],
    ],
    [
      'null beside a type, in three ways',
      {
        type: 'array',
        items: { anyOf: [{ type: ['string', 'null'] }, { type: 'boolean', nullable: true }] },
      },
      [[null, 'a', true]],
      ['[1]'],
    ],
    [
      'anything, two levels deep',
      {},
      [1.5, 'x', null, [{ a: 1 }], { a: { b: 'c' } }],
      ['[[[[]]]]', 'undefined'],
    ],
    [
      'a draft of old',
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        definitions: { n: { type: 'integer' } },
        type: 'array',
        items: [{ $ref: '#/definitions/n' }],
        minItems: 1,
        maxItems: 1,
      },
      [[7]],
      ['["x"]'],
    ],
  ]

  it.each(cases)('allows %s', (_name, schema, valid, invalid) => {
    for (const value of valid) {
      expect(createSchemaValidator(schema)(value)).toBeNull()
      expect([JSON.stringify(value), accepts(schema, JSON.stringify(value))]).toEqual([
        JSON.stringify(value),
        true,
      ])
    }
    for (const text of invalid) expect([text, accepts(schema, text)]).toEqual([text, false])
  })

  const refused: readonly (readonly [JsonObject, string])[] = [
    [{ type: 'object', properties: { a: { not: { type: 'null' } } } }, 'schema.properties.a uses not'],
    [{ type: 'string', pattern: '^(?=a)b' }, 'has a pattern that has "?=a)b" at character 3'],
    [{ type: 'string', pattern: '\\ba' }, 'pattern'],
    [{ type: 'string', pattern: 'a', maxLength: 5 }, 'write the length into the pattern'],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, 'schema.oneOf has options of which two may hold'],
    [{ type: 'array', items: { type: 'string' }, uniqueItems: true }, 'uniqueItems'],
    [{ type: 'integer', minimum: 5, maximum: 4 }, 'schema has no value'],
    [{ type: 'integer', multipleOf: 7 }, 'multipleOf'],
    [
      { $ref: '#/$defs/a', $defs: { a: { type: 'array', items: { $ref: '#/$defs/a' }, minItems: 1 } } },
      'schema has no value',
    ],
    [{ $ref: 'https://example.org/x' }, 'schema: '],
    [{ type: 'string', minLength: 1_000_000 }, 'less than 100000 characters'],
    [{ type: 'wrong' }, 'schema.type'],
  ]

  it.each(refused)('is refused with the place: %j', (schema, message) => {
    expect(() => createConstraint({ kind: 'json', schema }, tokenizer)).toThrowError(
      expect.objectContaining({ code: 'SCHEMA_INVALID', message: expect.stringContaining(message) }),
    )
  })
})

describe('quoted strings', () => {
  const schema: JsonObject = { type: ['string', 'null'], 'x-quoted': true }
  const input = '  Order AB-12 (for "Zoë"\n and Zoe), twice: AB-12!  '

  it('are whole words of the input, or what else the schema allows', () => {
    for (const quote of [
      'Order',
      'AB-12',
      'AB-12 (for "Zoë"\n and',
      'Zoe), twice: AB-12!',
      '12',
      '(',
      'Zoë',
    ]) {
      expect([quote, accepts(schema, JSON.stringify(quote), input)]).toEqual([quote, true])
    }
    expect(accepts(schema, 'null', input)).toBe(true)
    for (const text of ['""', '"rder"', '"Orde"', '"Zo"', '"twice "', '" AB"', '"order"', '"AB-12 twice"']) {
      expect([text, accepts(schema, text, input)]).toEqual([text, false])
    }
  })

  it('end in time wherever they began', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
        fc.nat(6),
        fc.nat(),
        (words, spare, seed) => {
          const source: ConstraintSource = { kind: 'json', schema, input: words }
          const limit = createConstraint(source, tokenizer).shortestTokens + spare
          const value: unknown = JSON.parse(writeAtRandom(source, tokenizer, limit, createRandom(seed)))
          expect(value === null || words.includes(value as string) || words.trim() === '').toBe(true)
        },
      ),
    )
  })

  it('are free where nothing can be quoted, or no input is given', () => {
    expect(accepts(schema, '"x"', ' \n ')).toBe(true)
    expect(accepts(schema, '"x"')).toBe(true)
  })
})

describe('labels', () => {
  const source: ConstraintSource = { kind: 'labels', labels: ['to', 'tomorrow', 'über', 'never "ever"'] }

  it('are written as they are, and end where one is complete', () => {
    const constraint = createConstraint(source, tokenizer)
    for (const id of tokenizer.encode('to')) constraint.advance(id)
    expect(constraint.complete).toBe(false)
    const [end] = tokenizer.endOfTurnIds
    expect(isSet(constraint.allowed(), end)).toBe(true)
    for (const id of tokenizer.encode('morrow')) constraint.advance(id)
    expect(constraint.complete).toBe(true)
    expect(chosen(constraint.allowed())).toEqual([...tokenizer.endOfTurnIds].sort((a, b) => a - b))
  })

  it('are forced in their own tokens only, however many they are', () => {
    const label = fc.oneof(
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.constantFrom("it's", "it've", 'a  b', '.x', 'zé'),
    )
    fc.assert(
      fc.property(fc.uniqueArray(label, { minLength: 1, maxLength: 60 }), fc.nat(3), (labels, which) => {
        for (const text of labels) {
          const ids = Array.from(tokenizers[which].encode(text))
          follow({ kind: 'labels', labels }, tokenizers[which], ids)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('come out at random as one of them', () => {
    for (let seed = 0; seed < 30; seed++) {
      expect(source.labels).toContain(writeAtRandom(source, tokenizer, 20, createRandom(seed)))
    }
  })
})

describe('a constraint', () => {
  const schema: JsonObject = {
    type: 'object',
    properties: { intent: { enum: ['how_to', 'billing_charge'] }, text: { type: 'string' } },
    required: ['intent', 'text'],
  }

  it('refuses what is not allowed, special tokens above all', () => {
    const constraint = createConstraint({ kind: 'json', schema }, tokenizer)
    const [end] = tokenizer.endOfTurnIds
    expect(() => constraint.advance(end)).toThrow('may not come')
    expect(() => constraint.advance(tokenizer.encode('[')[0])).toThrow('may not come after ""')
    for (const id of tokenizer.encode('{"intent":"how_to","text":"<|im_end|>')) constraint.advance(id)
    const special = [...tokenizer.specialIds.values()]
    expect(special.some((id) => isSet(constraint.allowed(), id))).toBe(false)
    expect(() => constraint.advance(end)).toThrow('may not come')
  })

  it('forces what a training row has there, and leaves open what depends on what follows', () => {
    const constraint = createConstraint({ kind: 'json', schema }, tokenizer)
    expect(tokenizer.decode(constraint.forced())).toBe('{"intent":"')
    for (const id of constraint.forced()) constraint.advance(id)
    expect(constraint.forced()).toEqual([])
    constraint.advance(tokenizer.encode('b')[0])
    // `b` alone is not how "billing" begins in a training row, so its rest is the model's to write.
    expect(constraint.forced()).toEqual([])
  })

  it('does not force more tokens than leave room for the end', () => {
    const source: ConstraintSource = { kind: 'json', schema }
    const { shortestTokens } = createConstraint(source, tokenizer)
    for (let limit = shortestTokens; limit < shortestTokens + 4; limit++) {
      const text = writeAtRandom(source, tokenizer, limit, createRandom(limit))
      expect(createSchemaValidator(schema)(JSON.parse(text))).toBeNull()
    }
  })

  it('is worked out once a schema: a second one has the same masks', () => {
    const [one, other] = [0, 1].map(() => createConstraint({ kind: 'json', schema, input: 'x' }, tokenizer))
    expect(other.allowed()).toBe(one.allowed())
  })
})

/** Chooses among the allowed tokens; the end where it is drawn, or nothing else is left. */
function writeAtRandom(
  source: ConstraintSource,
  tokenizer: TextTokenizer,
  limit: number,
  random: Random,
): string {
  const constraint = createConstraint(source, tokenizer)
  const tokens: number[] = []
  while (!constraint.complete && tokens.length < limit) {
    const remaining = limit - tokens.length
    const forced = random.below(2) === 0 ? constraint.forced(remaining) : []
    const allowed = chosen(constraint.allowed(remaining))
    const token = forced[0] ?? allowed[random.below(allowed.length)]
    expect(allowed).toContain(token)
    constraint.advance(token)
    if (tokenizer.endOfTurnIds.includes(token)) break
    tokens.push(token)
  }
  return tokenizer.decode(tokens)
}

/** Takes a text's own tokens on: each must be allowed, and what is forced must be just these. */
function follow(source: ConstraintSource, tokenizer: TextTokenizer, ids: readonly number[]): void {
  const constraint = createConstraint(source, tokenizer)
  ids.forEach((id, index) => {
    const forced = constraint.forced()
    expect(forced).toEqual(ids.slice(index, index + forced.length))
    expect(isSet(constraint.allowed(), id)).toBe(true)
    constraint.advance(id)
  })
  expect(isSet(constraint.allowed(), tokenizer.endOfTurnIds[0])).toBe(true)
}

function accepts(schema: JsonObject, text: string, input?: string): boolean {
  const constraint = createConstraint({ kind: 'json', schema, input }, tokenizer)
  for (const id of tokenizer.encode(text)) {
    if (!isSet(constraint.allowed(), id)) return false
    constraint.advance(id)
  }
  return isSet(constraint.allowed(), tokenizer.endOfTurnIds[0])
}

/** Undefined for a text that was cut off. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isSet(bits: Uint32Array, index: number): boolean {
  return ((bits[index >>> 5] >>> (index & 31)) & 1) === 1
}

function chosen(bits: Uint32Array): number[] {
  return Array.from({ length: bits.length * 32 }, (_, index) => index).filter((index) => isSet(bits, index))
}
