/** Resolves references and combinations: a schema as the list of plain schemas of which one holds. */
import { PotstillError } from '../../../core/errors.ts'
import { isJsonObject, valueAt, type Json, type JsonObject } from '../../../core/json.ts'
import { pointerSegments } from '../../../core/schema-validator.ts'
import { neverMatches } from './exclusive.ts'
import { joinedTypes, mergeSchemas, plainSchema, UnjoinedKeyword } from './merge-schemas.ts'

/** Where the reader is. */
export interface Place {
  readonly document: JsonObject
  /** As shown to the user: ["schema", "properties", "intent"]. */
  readonly where: readonly string[]
  /** The references that are being followed. */
  readonly following: readonly string[]
  /** How often one of them stood within itself. */
  readonly repeats: number
}

/** A schema without references, combinations, `const` and `nullable`. */
export interface Flat {
  readonly schema: JsonObject
  /** For what stands within it. */
  readonly place: Place
}

/** How often references may stand within themselves on the way to one value. */
const deepestRecursion = 4
const mostAlternatives = 200

export function inside(place: Place, ...keys: readonly string[]): Place {
  return { ...place, where: [...place.where, ...keys] }
}

export function fail(place: Place, problem: string): never {
  throw new PotstillError('SCHEMA_INVALID', `${place.where.join('.')} ${problem}`, {
    hint: 'Say it in another way, or leave it out: the answer is held to the schema while it is written.',
  })
}

/** Keywords that cannot be kept to token by token. */
const refusedKeywords = (
  'not if then else dependentSchemas dependentRequired dependencies patternProperties propertyNames contains ' +
  'minContains maxContains unevaluatedProperties unevaluatedItems additionalItems $dynamicRef $recursiveRef'
).split(' ')

/** Empty where no value is valid, or recursion has gone deep enough. Throws SCHEMA_INVALID with the place. */
export function alternatives(schema: Json, place: Place): readonly Flat[] {
  if (schema === true) return [{ schema: {}, place }]
  if (!isJsonObject(schema)) return []
  const { $ref, allOf, anyOf, oneOf, ...own } = schema
  const refused = refusedKeywords.find((keyword) => own[keyword] !== undefined)
  if (refused !== undefined) fail(place, `uses ${refused}, which an answer cannot be held to`)
  let found: readonly Flat[] = [{ schema: joining(place, () => plainSchema(own)), place }]
  if (typeof $ref === 'string') found = product(found, referred($ref, place), place)
  for (const [index, part] of listOf(allOf).entries()) {
    found = product(found, alternatives(part, inside(place, 'allOf', String(index))), place)
  }
  if (anyOf !== undefined) {
    found = product(found, choices(listOf(anyOf), inside(place, 'anyOf')).flat(), place)
  }
  return oneOf === undefined ? found : exactlyOne(found, listOf(oneOf), inside(place, 'oneOf'))
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : []
}

function choices(options: readonly Json[], place: Place): (readonly Flat[])[] {
  return options.map((option, index) => alternatives(option, inside(place, String(index))))
}

/** Both of one of these and of one of those. */
function product(these: readonly Flat[], those: readonly Flat[], place: Place): readonly Flat[] {
  const joined = these.flatMap((a) => those.flatMap((b) => both(a, b, place)))
  if (joined.length > mostAlternatives) fail(place, `has more than ${mostAlternatives} alternatives`)
  return joined
}

function both(a: Flat, b: Flat, place: Place): Flat[] {
  if (joinedTypes(a.schema, b.schema)?.length === 0) return []
  const following = [...new Set([...a.place.following, ...b.place.following])]
  const repeats = Math.max(a.place.repeats, b.place.repeats)
  const schema = joining(place, () => mergeSchemas(a.schema, b.schema))
  return [{ schema, place: { ...b.place, following, repeats } }]
}

/** `oneOf` wants exactly one to hold: the options must be such that two never do. */
function exactlyOne(base: readonly Flat[], options: readonly Json[], place: Place): readonly Flat[] {
  const found = choices(options, place).map((option) => product(base, option, place))
  found.forEach((these, index) => {
    for (const those of found.slice(index + 1)) {
      const apart = these.every((a) => those.every((b) => apartFrom(a, b)))
      if (!apart) fail(place, 'has options of which two may hold for one value: use anyOf')
    }
  })
  return found.flat()
}

function apartFrom(a: Flat, b: Flat): boolean {
  return neverMatches(a, b, alternatives) && neverMatches(b, a, alternatives)
}

function referred(reference: string, place: Place): readonly Flat[] {
  const repeats = place.repeats + (place.following.includes(reference) ? 1 : 0)
  if (repeats > deepestRecursion) return []
  const following = place.following.includes(reference) ? place.following : [...place.following, reference]
  const target = followReference(reference, place)
  return alternatives(target, { ...place, following, repeats })
}

function followReference(reference: string, place: Place): Json {
  if (!reference.startsWith('#')) {
    fail(place, `refers to ${JSON.stringify(reference)}, which is outside of the schema: copy it into $defs`)
  }
  const target = valueAt(place.document, pointerSegments(decodeURIComponent(reference.slice(1))))
  if (target === undefined || (reference.length > 1 && reference[1] !== '/')) {
    fail(place, `refers to ${JSON.stringify(reference)}, which is not there`)
  }
  return target
}

function joining(place: Place, join: () => JsonObject): JsonObject {
  try {
    return join()
  } catch (error) {
    if (!(error instanceof UnjoinedKeyword)) throw error
    return fail(place, `says ${error.message} twice, and differently`)
  }
}
