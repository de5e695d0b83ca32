/**
 * Tokens that can only come next, worked out without the model.
 *
 * Bytes that are forced are easy to find; which tokens write them is not, for a model has learned one way of
 * cutting a text into tokens only: the tokenizer's, which depends on what follows. `{"a":"` at the end of what
 * is forced is `{"`, `a`, `":"` before a letter, but before a full stop its last token would be another. So
 * the forced bytes are tokenised together with what was written before them and with samples of what may
 * follow, and a token is forced only where it lies in pieces (the parts of a text within which tokens are
 * formed) that end in the same places whatever follows. Pieces end by a pattern that looks ahead by no more than
 * a few characters and by their kind only: where few bytes may follow, all are sampled, three characters
 * deep as long as there are not too many, else a character of each kind. The rest of the bytes is left to
 * the model, under the mask.
 */
import type { TextTokenizer } from '../text/tokenizer.ts'
import type { Binding } from './binding.ts'
import { concatenate, firstBytes } from './term-facts.ts'
import type { Term } from './terms.ts'

/**
 * The kinds of characters that patterns of pieces tell apart, each with what stands for it, the first that may
 * come: letters, of which those of shortened forms ('s, 't) first; digits; white space; marks.
 */
const kinds = [
  'sdmtlrvabcefghijknopquwxyz',
  'SDMTLRVABCEFGHIJKNOPQUWXYZ',
  '0123456789',
  ' ',
  '\n',
  "'",
  '"',
  '.!#$%&()*+,-/:;<=>?@[\\]^_`{|}~',
  'é日',
  '\u0301',
]
const fewBytes = 20
const sampleLength = 3
const mostSamples = 64
const longestRun = 256

/** `written`: the answer so far, or its end from where a piece begins. */
export function findForcedTokens(
  tokenizer: TextTokenizer,
  binding: Binding,
  written: Uint8Array,
  state: Term,
): readonly number[] {
  const run = forcedRun(binding, state)
  const text = decode(concatenate([written, run.bytes]))
  if (run.bytes.length === 0 || text === null) return []
  const length = written.length + run.bytes.length
  const samples = samplesOf(binding, run.after)
  const ends = commonEnds(samples.map((sample) => tokenizer.pieceLengths(text + sample)))
  const end = ends.filter((place) => place <= length).pop() ?? 0
  return tokensBetween(tokenizer, tokenizer.encode(text + samples[0]), written.length, end)
}

/** The bytes that can only come next, up to the end of a character, and the state after them. */
function forcedRun({ step }: Binding, start: Term): { readonly bytes: Uint8Array; readonly after: Term } {
  const bytes: number[] = []
  let whole = { length: 0, after: start }
  let state = start
  let pending = 0
  while (!state.nullable && bytes.length < longestRun) {
    const [byte, other] = firstBytes(state)
    const next = byte === undefined || other !== undefined ? null : step(state, byte)
    if (next === null) break
    bytes.push(byte)
    state = next
    pending = byte < 0x80 ? 0 : byte >= 0xc0 ? utf8Length(byte) - 1 : pending - 1
    if (pending === 0) whole = { length: bytes.length, after: state }
  }
  return { bytes: Uint8Array.from(bytes.slice(0, whole.length)), after: whole.after }
}

function utf8Length(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
}

/** Null where it is not whole characters. */
function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Beginnings of what may follow; "" is one where the answer may end. */
function samplesOf(binding: Binding, state: Term): readonly string[] {
  let samples: readonly Sample[] = [{ text: '', state }]
  for (let length = 0; length < sampleLength; length++) {
    const longer = samples.flatMap((sample) => goOn(binding, sample))
    if (length > 0 && longer.length > mostSamples) break
    samples = longer
  }
  return samples.map((sample) => sample.text)
}

interface Sample {
  readonly text: string
  readonly state: Term
}

function goOn({ step }: Binding, sample: Sample): Sample[] {
  const first = firstBytes(sample.state)
  const after = (character: string): Sample[] => {
    let state: Term | null = sample.state
    for (const byte of new TextEncoder().encode(character)) state = state && step(state, byte)
    return state === null ? [] : [{ text: sample.text + character, state }]
  }
  const longer =
    first.length > fewBytes
      ? kinds.flatMap((kind) => Array.from(kind).flatMap(after).slice(0, 1))
      : first.flatMap((byte) => after(characterFrom(step, sample.state, byte)))
  return sample.state.nullable ? [sample, ...longer] : longer
}

/** A character that begins with this byte; which of them makes no difference to where pieces end. */
function characterFrom(step: Binding['step'], start: Term, lead: number): string {
  const bytes = [lead]
  let state = step(start, lead)
  while (state !== null && bytes.length < utf8Length(lead)) {
    const [byte] = firstBytes(state)
    if (byte === undefined) break
    bytes.push(byte)
    state = step(state, byte)
  }
  return Buffer.from(bytes).toString('utf8')
}

/** The places up to which all of these cut a text alike. */
function commonEnds(lengths: readonly (readonly number[] | null)[]): number[] {
  const [first, ...others] = lengths
  const ends: number[] = []
  let place = 0
  for (const [index, length] of (first ?? []).entries()) {
    if (others.some((other) => other?.[index] !== length)) break
    place += length
    ends.push(place)
  }
  return ends
}

/** The tokens from one byte to another; none where a token lies across the former. */
function tokensBetween(
  tokenizer: TextTokenizer,
  ids: Int32Array,
  start: number,
  end: number,
): readonly number[] {
  const found: number[] = []
  let place = 0
  for (const id of ids) {
    if (place === end) return found
    if (place >= start) found.push(id)
    place += tokenizer.tokenBytes(id).length
    if (place > end || (place > start && found.length === 0)) return []
  }
  return place === end ? found : []
}
