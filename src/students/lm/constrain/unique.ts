/** Lists whose items are all different, of values that are known beforehand. */
import type { Alphabet } from './characters.ts'
import { concatenate, firstBytes } from './term-facts.ts'
import type { LazyRule, Term } from './terms.ts'

/** Lists of `min` to `max` of these JSON texts, each at most once, in any order; `empty` where there are too few. */
export function uniqueTerm(alphabet: Alphabet, texts: readonly string[], min: number, max: number): Term {
  const { terms } = alphabet
  if (texts.length < min) return terms.empty
  const sorted = texts
    .map((text) => new TextEncoder().encode(text))
    .sort((a, b) => a.length - b.length || Buffer.compare(a, b))
  return terms.seq(
    terms.bytes([0x5b]),
    restTerm(alphabet, { left: sorted, min, max, isFirst: true }),
    terms.bytes([0x5d]),
  )
}

/** What may still come: from `min` to `max` of the texts that are left, which are sorted by length. */
interface Rest {
  readonly left: readonly Uint8Array[]
  readonly min: number
  readonly max: number
  readonly isFirst: boolean
}

const comma = Uint8Array.of(0x2c)

function restTerm(alphabet: Alphabet, rest: Rest): Term {
  const { terms } = alphabet
  if (rest.max === 0 || rest.left.length === 0) return terms.epsilon
  const left = rest.left.map((text) => Buffer.from(text).toString('latin1')).join('\n')
  const key = `unique ${rest.min} ${rest.max} ${rest.isFirst} ${left}`
  return terms.lazy(key, () => restRule(alphabet, rest))
}

function restRule(alphabet: Alphabet, rest: Rest): LazyRule {
  const { terms } = alphabet
  let options: Term | undefined
  const expand = (): Term =>
    (options ??= terms.alt(rest.left.map((text) => optionTerm(alphabet, rest, text))))
  return {
    nullable: rest.min === 0,
    own: false,
    step: (byte) => terms.step(expand(), byte),
    first: () => firstBytes(expand()),
    shortest: () => shortestRest(rest),
  }
}

/** This text next, then what is left without it. */
function optionTerm(alphabet: Alphabet, rest: Rest, text: Uint8Array): Term {
  const { terms } = alphabet
  const next: Rest = {
    left: rest.left.filter((other) => other !== text),
    min: Math.max(0, rest.min - 1),
    max: rest.max - 1,
    isFirst: false,
  }
  return terms.seq(
    terms.strings([rest.isFirst ? text : concatenate([comma, text])]),
    restTerm(alphabet, next),
  )
}

/** The shortest texts, in the order of their bytes: with a comma after each none is the beginning of another. */
function shortestRest({ left, min, isFirst }: Rest): Uint16Array {
  const ended = left.slice(0, min).map((text) => concatenate([text, comma]))
  const joined = concatenate(ended.sort((a, b) => Buffer.compare(a, b)))
  const list = joined.subarray(0, Math.max(0, joined.length - 1))
  return Uint16Array.from(isFirst || min === 0 ? list : concatenate([comma, list]))
}
