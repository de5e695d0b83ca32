/** Enums, numbers and strings of a JSON Schema as terms. */
import type { Json, JsonObject } from '../../../core/json.ts'
import { createSchemaValidator } from '../../../core/schema-validator.ts'
import { characterTerm, everyCharacter, isWritable, type Alphabet } from './characters.ts'
import { limits } from './merge-schemas.ts'
import { fail, type Flat, type Place } from './flatten-schema.ts'
import { numberTerm, wholeBounds, wholeTerm, type NumberBounds } from './numbers.ts'
import { readPattern } from './pattern.ts'
import type { Term } from './terms.ts'

const mostMultiples = 2_000

/** One of the listed values, as far as the other keywords allow it. */
export function enumTerm(alphabet: Alphabet, { schema, place }: Flat): Term {
  const texts = validValues(schema, place).map((value) => JSON.stringify(value))
  const unwritable = texts.find((text) => !isWritable(alphabet, text))
  if (unwritable !== undefined) fail(place, `has ${unwritable}, which the model's vocabulary cannot write`)
  return alphabet.terms.strings(texts.map((text) => new TextEncoder().encode(text)))
}

/** The values of an enum that the other keywords beside it allow too. */
export function validValues(schema: JsonObject, place: Place): readonly Json[] {
  const { enum: values, ...beside } = schema
  if (!limits(beside)) return values as Json[]
  const { $defs, definitions } = place.document
  const validate = createSchemaValidator({
    ...schema,
    ...(typeof $defs === 'object' ? { $defs } : {}),
    ...(typeof definitions === 'object' ? { definitions } : {}),
  })
  return (values as Json[]).filter((value) => validate(value) === null)
}

export function boundedNumberTerm({ terms }: Alphabet, type: string, { schema, place }: Flat): Term {
  const bounds = numberBounds(schema)
  const step = numberOf(schema.multipleOf, 0)
  if (step === 0 || (step === 1 && type === 'integer')) {
    return type === 'integer' ? wholeTerm(terms, bounds) : numberTerm(terms, bounds)
  }
  const { low, high } = wholeBounds({ ...bounds, low: bounds.low / step, high: bounds.high / step })
  if (high - low > mostMultiples) {
    fail(place, `has multipleOf without minimum and maximum at most ${mostMultiples} steps apart`)
  }
  const values = Array.from({ length: Math.max(0, high - low + 3) }, (_, index) =>
    Number(((low + index - 1) * step).toPrecision(15)),
  )
  const validate = createSchemaValidator({ ...pickBounds(schema), type, multipleOf: step })
  // Those whose text has no exponent, as all numbers here.
  const texts = values
    .filter((value) => validate(value) === null)
    .map(String)
    .filter((text) => !text.includes('e'))
  return terms.strings([...new Set(texts)].map((text) => new TextEncoder().encode(text)))
}

function pickBounds(schema: JsonObject): JsonObject {
  const keys = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']
  return Object.fromEntries(keys.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]))
}

function numberBounds(schema: JsonObject): NumberBounds {
  const minimum = numberOf(schema.minimum, -Infinity)
  const above = numberOf(schema.exclusiveMinimum, -Infinity)
  const maximum = numberOf(schema.maximum, Infinity)
  const below = numberOf(schema.exclusiveMaximum, Infinity)
  return {
    low: Math.max(minimum, above),
    high: Math.min(maximum, below),
    lowOpen: above >= minimum,
    highOpen: below <= maximum,
  }
}

export function numberOf(value: Json | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

/** With `quotes`, a string that is quoted from the input is a hole, to be filled for each input. */
export function stringTerm(alphabet: Alphabet, { schema, place }: Flat, quotes: boolean): Term {
  const min = numberOf(schema.minLength, 0)
  const max = numberOf(schema.maxLength, Infinity)
  if (typeof schema.pattern === 'string')
    return inQuotes(alphabet, patternTerm(alphabet, schema.pattern, min, max, place))
  if (min > max) return alphabet.terms.empty
  const isQuoted = quotes && schema['x-quoted'] === true && min <= 1 && max === Infinity
  if (isQuoted) return inQuotes(alphabet, alphabet.terms.hole)
  return freeStringTerm(alphabet, min, max)
}

function patternTerm(alphabet: Alphabet, pattern: string, min: number, max: number, place: Place): Term {
  const read = readPattern(alphabet, pattern)
  if ('refused' in read) return fail(place, `has a pattern that ${read.refused}`)
  if (read.min < min || read.max > max) {
    fail(place, 'has a pattern beside minLength or maxLength: write the length into the pattern')
  }
  return read.term
}

export function inQuotes({ terms }: Alphabet, content: Term): Term {
  const mark = terms.bytes([0x22])
  return terms.seq(mark, content, mark)
}

export function freeStringTerm(alphabet: Alphabet, min = 0, max = Infinity): Term {
  return inQuotes(alphabet, freeTextTerm(alphabet, min, max))
}

/** What stands inside the quotation marks of any string. */
export function freeTextTerm(alphabet: Alphabet, min = 0, max = Infinity): Term {
  return alphabet.terms.repeat(characterTerm(alphabet, everyCharacter), min, max)
}
