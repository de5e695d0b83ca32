/**
 * Numbers within bounds as JSON.stringify writes them: no exponent, no zero that says nothing. Whole numbers
 * of up to 15 digits, which a double holds exactly, and fractions of up to six digits of numbers below 10^9.
 */
import type { Term, Terms } from './terms.ts'

export interface NumberBounds {
  readonly low: number
  readonly high: number
  /** The bound itself is not within. */
  readonly lowOpen: boolean
  readonly highOpen: boolean
}

const largestWhole = 1e15 - 1
const endOfFractions = 1e9
const fractionDigits = 6

/** Whole numbers within the bounds; `empty` where there is none. */
export function wholeTerm(terms: Terms, bounds: NumberBounds): Term {
  const { low, high } = wholeBounds(bounds)
  return terms.alt([
    high < 0 || high < low ? terms.empty : digitsTerm(terms, Math.max(low, 0), high),
    low >= 0 || high < low
      ? terms.empty
      : terms.seq(character(terms, '-'), digitsTerm(terms, Math.max(1, -high), -low)),
  ])
}

/** Whole numbers, and numbers with a fraction, within the bounds. */
export function numberTerm(terms: Terms, bounds: NumberBounds): Term {
  const mirrored: NumberBounds = {
    low: -bounds.high,
    high: -bounds.low,
    lowOpen: bounds.highOpen,
    highOpen: bounds.lowOpen,
  }
  return terms.alt([
    wholeTerm(terms, bounds),
    fractionalTerm(terms, bounds),
    terms.seq(character(terms, '-'), fractionalTerm(terms, mirrored)),
  ])
}

/** The bounds as whole numbers that are within. */
export function wholeBounds({ low, high, lowOpen, highOpen }: NumberBounds): {
  readonly low: number
  readonly high: number
} {
  const from = Math.max(-largestWhole, Math.min(largestWhole + 1, Math.ceil(low)))
  const to = Math.min(largestWhole, Math.max(-largestWhole - 1, Math.floor(high)))
  return { low: lowOpen && from === low ? from + 1 : from, high: highOpen && to === high ? to - 1 : to }
}

function character(terms: Terms, text: string): Term {
  return terms.bytes([text.charCodeAt(0)])
}

/** The digits from `low` to `high`. */
function digitClass(terms: Terms, low: number, high: number): Term {
  return terms.bytes(Array.from({ length: Math.max(0, high - low + 1) }, (_, index) => 0x30 + low + index))
}

/** Whole numbers from `low` to `high`, neither negative. */
function digitsTerm(terms: Terms, low: number, high: number): Term {
  const options: Term[] = []
  for (let digits = String(low).length; digits <= String(high).length; digits++) {
    const least = digits === 1 ? 0 : 10 ** (digits - 1)
    const from = Math.max(low, least)
    const to = Math.min(high, 10 ** digits - 1)
    if (from <= to) options.push(sameLengthTerm(terms, String(from), String(to)))
  }
  return terms.alt(options)
}

/** From `low` to `high`, which have as many digits. */
function sameLengthTerm(terms: Terms, low: string, high: string): Term {
  if (low === '') return terms.epsilon
  const [first, last] = [Number(low[0]), Number(high[0])]
  const rest = low.length - 1
  if (/^0+$/.test(low) && /^9+$/.test(high))
    return terms.repeat(digitClass(terms, 0, 9), low.length, low.length)
  if (first === last) {
    return terms.seq(digitClass(terms, first, first), sameLengthTerm(terms, low.slice(1), high.slice(1)))
  }
  const any = terms.repeat(digitClass(terms, 0, 9), rest, rest)
  return terms.alt([
    terms.seq(digitClass(terms, first, first), sameLengthTerm(terms, low.slice(1), '9'.repeat(rest))),
    terms.seq(digitClass(terms, first + 1, last - 1), any),
    terms.seq(digitClass(terms, last, last), sameLengthTerm(terms, '0'.repeat(rest), high.slice(1))),
  ])
}

/** What a fraction's digits may not pass; null where there is nothing to mind any more. */
interface FractionBound {
  /** Without zeros at the end. */
  readonly digits: string
  readonly open: boolean
}

/** Positive numbers with a fraction within the bounds. */
function fractionalTerm(terms: Terms, bounds: NumberBounds): Term {
  const low = bounds.low > 0 ? decimalParts(bounds.low) : null
  const capped = bounds.high >= endOfFractions
  const high = capped ? { whole: endOfFractions - 1, digits: '' } : decimalParts(Math.max(0, bounds.high))
  if (bounds.high <= 0 || (low !== null && low.whole > high.whole)) return terms.empty
  const from: FractionBound | null = low === null ? null : { digits: low.digits, open: bounds.lowOpen }
  const to: FractionBound | null = capped ? null : { digits: high.digits, open: bounds.highOpen }
  const least = low?.whole ?? 0
  const at = (whole: number, fromBound: FractionBound | null, toBound: FractionBound | null): Term =>
    terms.seq(digitsTerm(terms, whole, whole), character(terms, '.'), fraction(terms, fromBound, toBound))
  if (least === high.whole) return at(least, from, to)
  return terms.alt([
    at(least, from, null),
    terms.seq(
      least + 1 > high.whole - 1 ? terms.empty : digitsTerm(terms, least + 1, high.whole - 1),
      character(terms, '.'),
      fraction(terms, null, null),
    ),
    at(high.whole, null, to),
  ])
}

/** One to `left` digits, the last not 0, that are within the bounds when read after the point. */
function fraction(
  terms: Terms,
  low: FractionBound | null,
  high: FractionBound | null,
  left = fractionDigits,
): Term {
  if (left === 0 || (high !== null && high.digits === '')) return terms.empty
  if (low === null && high === null) return anyFraction(terms, left)
  const options: Term[] = []
  for (let digit = 0; digit <= 9; digit++) {
    const below = low === null ? 'past' : passed(low, digit, true)
    const above = high === null ? 'past' : passed(high, digit, false)
    if (below === 'out' || above === 'out') continue
    const [nextLow, nextHigh] = [below === 'past' ? null : below, above === 'past' ? null : above]
    const ends = digit !== 0 && endsWithin(nextLow, true) && endsWithin(nextHigh, false)
    const rest = fraction(terms, nextLow, nextHigh, left - 1)
    options.push(terms.seq(digitClass(terms, digit, digit), ends ? terms.alt([terms.epsilon, rest]) : rest))
  }
  return terms.alt(options)
}

function anyFraction(terms: Terms, left: number): Term {
  if (left === 0) return terms.empty
  const rest = anyFraction(terms, left - 1)
  return terms.alt([
    terms.seq(digitClass(terms, 1, 9), terms.alt([terms.epsilon, rest])),
    terms.seq(digitClass(terms, 0, 0), rest),
  ])
}

/** After this digit: the bound that is left, 'past' where it holds whatever follows, 'out' where it cannot. */
function passed(bound: FractionBound, digit: number, isLow: boolean): FractionBound | 'past' | 'out' {
  const limit = bound.digits === '' ? 0 : Number(bound.digits[0])
  if (digit === limit) return { ...bound, digits: bound.digits.slice(1) }
  return digit > limit === isLow ? 'past' : 'out'
}

/** Whether a fraction may end here: what follows it is zeros. */
function endsWithin(bound: FractionBound | null, isLow: boolean): boolean {
  if (bound === null) return true
  return bound.digits === '' ? !bound.open : !isLow
}

function decimalParts(value: number): { readonly whole: number; readonly digits: string } {
  const [mantissa, exponent = '0'] = String(value).split('e')
  const [whole, digits = ''] = mantissa.split('.')
  const shift = Number(exponent)
  if (shift > 0) return { whole: value, digits: '' }
  if (shift === 0) return { whole: Number(whole), digits }
  return { whole: 0, digits: ('0'.repeat(-shift - 1) + whole + digits).replace(/0+$/, '') }
}
