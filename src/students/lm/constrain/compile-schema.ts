/**
 * From a JSON Schema to the set of the texts that JSON.stringify writes for its values: keys in the schema's
 * order, nothing between them. Narrower than the schema where that makes answers sure to be valid and to end:
 * an object with `properties` has no other keys, numbers have no exponent, references stand within themselves
 * a few levels deep, and any value whatever has two levels. `format` is not checked, here as elsewhere.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts'
import { createSchemaValidator } from '../../../core/schema-validator.ts'
import { isWritable, literalTerm, type Alphabet } from './characters.ts'
import { alternatives, fail, inside, type Flat, type Place } from './flatten-schema.ts'
import { typeList } from './merge-schemas.ts'
import { numberTerm } from './numbers.ts'
import {
  boundedNumberTerm,
  enumTerm,
  freeStringTerm,
  numberOf,
  stringTerm,
  validValues,
} from './scalar-terms.ts'
import { leastLength } from './term-facts.ts'
import type { Term } from './terms.ts'
import { uniqueTerm } from './unique.ts'

/** What all of one schema is read with. */
interface Reader {
  readonly alphabet: Alphabet
  /** Strings quoted from the input are left as holes. */
  readonly quotes: boolean
  /** Terms by schema and by the references that led to it. */
  readonly known: Map<Json, Map<string, Term>>
}

/** Levels of objects and lists where a schema allows any value. */
const deepestAny = 2
const longestLeastAnswer = 100_000
const mostTerms = 300_000

/** Schemas that are known to be well written: checking takes longer than all the rest. */
const checked = new WeakSet<JsonObject>()

/**
 * The texts of all answers to a schema, as far as they can be held to. With `quotes`, strings that are quoted
 * from an input are the terms' hole. Throws SCHEMA_INVALID with the place.
 */
export function compileSchema(alphabet: Alphabet, schema: JsonObject, quotes = false): Term {
  if (!checked.has(schema)) createSchemaValidator(schema)
  checked.add(schema)
  const place: Place = { document: schema, where: ['schema'], following: [], repeats: 0 }
  const term = valueTerm({ alphabet, quotes, known: new Map() }, schema, place)
  if (term === alphabet.terms.empty) fail(place, 'has no value that could be written in full')
  if (leastLength(term) > longestLeastAnswer) {
    fail(place, `has no value of less than ${longestLeastAnswer} characters`)
  }
  return term
}

function valueTerm(reader: Reader, schema: Json, place: Place): Term {
  const key = `${[...place.following].sort().join(' ')} ${place.repeats}`
  const found = reader.known.get(schema)?.get(key)
  if (found !== undefined && isJsonObject(schema)) return found
  const term = reader.alphabet.terms.alt(alternatives(schema, place).map((flat) => flatTerm(reader, flat)))
  if (reader.alphabet.terms.size > mostTerms) fail(place, 'is too large to hold an answer to')
  reader.known.set(schema, (reader.known.get(schema) ?? new Map<string, Term>()).set(key, term))
  return term
}

function flatTerm(reader: Reader, flat: Flat): Term {
  const { terms } = reader.alphabet
  if (Array.isArray(flat.schema.enum)) return enumTerm(reader.alphabet, flat)
  const types = typesOf(flat.schema)
  return types === null
    ? anyTerm(reader, deepestAny)
    : terms.alt(types.map((type) => typeTerm(reader, type, flat)))
}

/** Of a schema that names no type: those that its keywords speak of; null for any. */
function typesOf(schema: JsonObject): readonly string[] | null {
  if (schema.type !== undefined) return typeList(schema.type)
  const types = Object.entries(keywordsOfType)
    .filter(([, keywords]) => keywords.some((keyword) => schema[keyword] !== undefined))
    .map(([type]) => type)
  return types.length === 0 ? null : types
}

const keywordsOfType: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems'],
  string: ['minLength', 'maxLength', 'pattern', 'x-quoted'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
}

function typeTerm(reader: Reader, type: string, flat: Flat): Term {
  const { alphabet } = reader
  switch (type) {
    case 'null':
      return literalTerm(alphabet, 'null')
    case 'boolean':
      return alphabet.terms.alt([literalTerm(alphabet, 'false'), literalTerm(alphabet, 'true')])
    case 'integer':
    case 'number':
      return boundedNumberTerm(alphabet, type, flat)
    case 'string':
      return stringTerm(alphabet, flat, reader.quotes)
    case 'array':
      return arrayTerm(reader, flat)
    case 'object':
      return objectTerm(reader, flat)
    default:
      return fail(flat.place, `names the type ${JSON.stringify(type)}, which there is not`)
  }
}

function arrayTerm(reader: Reader, flat: Flat): Term {
  const { alphabet } = reader
  const { terms } = alphabet
  const { schema, place } = flat
  const isTuple = Array.isArray(schema.prefixItems) || Array.isArray(schema.items)
  const tuple = (
    Array.isArray(schema.prefixItems) ? schema.prefixItems : isTuple ? schema.items : []
  ) as Json[]
  const rest = Array.isArray(schema.items) ? true : (schema.items ?? true)
  const min = numberOf(schema.minItems, 0)
  const max = numberOf(schema.maxItems, Infinity)
  if (min > max) return terms.empty
  if (schema.uniqueItems === true && max > 1) {
    return uniqueTerm(alphabet, uniqueValues(tuple, rest, place), min, max)
  }
  const comma = terms.bytes([0x2c])
  const others = max <= tuple.length ? terms.empty : valueTerm(reader, rest, inside(place, 'items'))
  const itemsFrom = (index: number): Term => {
    if (index >= max) return terms.epsilon
    if (index >= tuple.length)
      return listTerm(alphabet, others, Math.max(0, min - index), max - index, index > 0)
    const item = valueTerm(reader, tuple[index], inside(place, 'items', String(index)))
    const items = terms.seq(index > 0 ? comma : terms.epsilon, item, itemsFrom(index + 1))
    return index >= min ? terms.alt([terms.epsilon, items]) : items
  }
  return terms.seq(terms.bytes([0x5b]), itemsFrom(0), terms.bytes([0x5d]))
}

/** From `min` to `max` items with commas between them, and before them where they go on with a list. */
function listTerm({ terms }: Alphabet, item: Term, min: number, max: number, goesOn: boolean): Term {
  const following = terms.seq(terms.bytes([0x2c]), item)
  if (goesOn || max === 0) return terms.repeat(following, min, max)
  const list = terms.seq(item, terms.repeat(following, Math.max(0, min - 1), max - 1))
  return min === 0 ? terms.alt([terms.epsilon, list]) : list
}

/** The values of a list whose items are all different: they must be known beforehand. */
function uniqueValues(tuple: readonly Json[], rest: Json, place: Place): readonly string[] {
  const items = alternatives(rest, inside(place, 'items'))
  if (tuple.length > 0 || !items.every(({ schema }) => Array.isArray(schema.enum))) {
    fail(place, 'has uniqueItems on items without an enum')
  }
  const values = items.flatMap((item) => validValues(item.schema, item.place))
  return [...new Set(values.map((value) => JSON.stringify(value)))]
}

function objectTerm(reader: Reader, flat: Flat): Term {
  const { terms } = reader.alphabet
  const { schema, place } = flat
  const properties = isJsonObject(schema.properties) ? schema.properties : {}
  const required = new Set(Array.isArray(schema.required) ? (schema.required as string[]) : [])
  const others = schema.additionalProperties ?? true
  const names = [...new Set([...Object.keys(properties), ...required])]
  if (names.length === 0) return freeObjectTerm(reader, others, flat)
  const min = numberOf(schema.minProperties, 0)
  const max = numberOf(schema.maxProperties, Infinity)
  if (min > required.size || max < names.length) {
    fail(
      place,
      'has minProperties or maxProperties that some of its properties do not meet: name what is required',
    )
  }
  // From the last member to the first: what may follow, when a member stands before it and when none does.
  let after = terms.epsilon
  let first = terms.epsilon
  for (const name of names.reverse()) {
    const isKnown = Object.hasOwn(properties, name)
    const where = isKnown ? inside(place, 'properties', name) : inside(place, 'additionalProperties')
    const value = valueTerm(reader, isKnown ? properties[name] : others, where)
    const key = JSON.stringify(name)
    if (!isWritable(reader.alphabet, key)) fail(where, "has a key that the model's vocabulary cannot write")
    const next = terms.seq(literalTerm(reader.alphabet, `,${key}:`), value, after)
    const opening = terms.seq(literalTerm(reader.alphabet, `${key}:`), value, after)
    first = required.has(name) ? opening : terms.alt([opening, first])
    after = required.has(name) ? next : terms.alt([next, after])
  }
  return terms.seq(terms.bytes([0x7b]), first, terms.bytes([0x7d]))
}

/** An object that names no keys: any keys, with values of one schema. */
function freeObjectTerm(reader: Reader, values: Json, { schema, place }: Flat): Term {
  const min = numberOf(schema.minProperties, 0)
  const max = numberOf(schema.maxProperties, Infinity)
  // The same key twice is one property.
  if (min > 1) fail(place, 'has minProperties above 1 without properties')
  const value =
    values === true
      ? anyTerm(reader, deepestAny - 1)
      : valueTerm(reader, values, inside(place, 'additionalProperties'))
  return membersTerm(reader, value, min, max)
}

function membersTerm({ alphabet }: Reader, value: Term, min: number, max: number): Term {
  const { terms } = alphabet
  const key = freeStringTerm(alphabet)
  const members = listTerm(alphabet, terms.seq(key, terms.bytes([0x3a]), value), min, max, false)
  return terms.seq(terms.bytes([0x7b]), members, terms.bytes([0x7d]))
}

function anyTerm(reader: Reader, levels: number): Term {
  const { alphabet } = reader
  const { terms } = alphabet
  const scalars = [
    ...['null', 'false', 'true'].map((text) => literalTerm(alphabet, text)),
    numberTerm(terms, { low: -Infinity, high: Infinity, lowOpen: false, highOpen: false }),
    freeStringTerm(alphabet),
  ]
  if (levels === 0) return terms.alt(scalars)
  const inner = anyTerm(reader, levels - 1)
  const list = terms.seq(
    terms.bytes([0x5b]),
    listTerm(alphabet, inner, 0, Infinity, false),
    terms.bytes([0x5d]),
  )
  return terms.alt([...scalars, list, membersTerm(reader, inner, 0, Infinity)])
}
