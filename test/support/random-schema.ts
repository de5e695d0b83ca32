/** JSON Schemas of what a constraint can hold an answer to, made at random. */
import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/core/json.ts'

const texts = fc.oneof(
  fc.constantFrom(
    'how_to',
    'billing_charge',
    'billing',
    'a',
    'it\'s "x"',
    'e\u0301',
    'é',
    '😀 ok',
    'two\nlines',
    '',
  ),
  fc.string({ maxLength: 6 }),
)
const bound = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.double({ min: -20, max: 20, noNaN: true }))

const numbers = fc
  .tuple(fc.constantFrom('integer', 'number'), bound, fc.nat(200), fc.boolean(), fc.boolean())
  .map(([type, low, span, open, bounded]): JsonObject => {
    if (!bounded) return { type, minimum: low }
    const high = low + span + 2
    return open
      ? { type, exclusiveMinimum: low, exclusiveMaximum: high }
      : { type, minimum: low, maximum: high }
  })

const leaves: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.uniqueArray(texts, { minLength: 1, maxLength: 6 }).map((values) => ({ enum: values })),
  fc.constantFrom<JsonObject>(
    { type: 'boolean' },
    { type: 'null' },
    { type: ['string', 'null'] },
    { type: ['integer', 'boolean'], minimum: 0 },
    { const: { a: [1, 'x'] } },
    { type: 'string', pattern: '^[A-Z]{2}-\\d{2,}$' },
    { type: 'string', pattern: '^(?:[a-c]+|\\p{Lu}[^x]?)*é$' },
    { type: 'array', items: { enum: ['x', 'y', 1, 10, null] }, uniqueItems: true, minItems: 2 },
  ),
  numbers,
  fc
    .tuple(fc.nat(3), fc.nat(5))
    .map(([minLength, more]) => ({ type: 'string', minLength, maxLength: minLength + more })),
)

function lists(items: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> {
  return fc
    .tuple(items, fc.nat(2), fc.nat(3))
    .map(([item, minItems, more]) => ({ type: 'array', items: item, minItems, maxItems: minItems + more }))
}

function objects(values: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> {
  // Keys like whole numbers would come first in every object.
  const key = texts.filter((text) => !/^\d+$/.test(text) && text !== '__proto__')
  return fc
    .uniqueArray(fc.tuple(key, values, fc.boolean()), {
      minLength: 1,
      maxLength: 5,
      selector: ([name]) => name,
    })
    .map((members) => ({
      type: 'object',
      properties: Object.fromEntries(members.map(([name, schema]): [string, Json] => [name, schema])),
      required: members.filter(([, , isRequired]) => isRequired).map(([name]) => name),
      additionalProperties: false,
    }))
}

function choices(options: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> {
  return fc.array(options, { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf }))
}

const shallow = fc.oneof(leaves, lists(leaves), objects(leaves), choices(leaves))

export const randomSchema: fc.Arbitrary<JsonObject> = fc.oneof(
  objects(shallow),
  lists(shallow),
  choices(shallow),
  leaves,
)
