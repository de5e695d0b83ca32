/** What the span tagger sees of an input: tokens with their places, and hashed features of each. Part of the exported module. */
import { tokenise } from './text.js'

/**
 * @typedef {object} TagTokens
 * @property {number} count
 * @property {Int32Array} starts first code unit of each token
 * @property {Int32Array} ends one past its last code unit
 * @property {number} body index of the first token after the leading `name=value` lines
 * @property {Int32Array} forms `tagForms` hashes a token
 * @property {number[]} globals hashes of what the leading lines say
 */

const tagIdeographs =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u
const tagContextLine = /([A-Za-z_][\w.-]{0,63})=([^\n]*)\n/y

/** @param {number} hash @returns {number} the hash with its bits spread (Appleby's finaliser of MurmurHash3) */
function tagMix(hash) {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** @param {number} a @param {number} b @returns {number} */
function tagJoin(a, b) {
  return tagMix(Math.imul(a, 0x9e3779b1) + Math.imul(b ^ 0x165667b1, 0x85ebca77))
}

/** @param {string} text @returns {number} */
function tagHash(text) {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return tagMix(hash)
}

/** Places of a token's hashes in `forms`. */
const formWord = 0
const formShape = 1
const formChunk = 2
const formPlace = 3
const formPrefix = 4
const formSuffix = 8
const tagForms = 12

/** What a token looks like: its kind of letters, its number of digits, or itself.
 * @param {string} text @param {string} lower */
function tagShape(text, lower) {
  const code = text.charCodeAt(0)
  if (code >= 48 && code <= 57) return 16 + Math.min(text.length, 6)
  if (text === lower) return text === text.toUpperCase() ? 64 + text.charCodeAt(0) : 1
  if (text === text.toUpperCase()) return text.length === 1 ? 2 : 3
  return text.slice(1) === lower.slice(1) ? 4 : 5
}

/** @param {string} input */
function splitForTags(input) {
  const tokens = tokenise(input)
  if (!tagIdeographs.test(input)) return tokens
  return tokens.flatMap((token) => {
    if (!tagIdeographs.test(token.text)) return [token]
    let end = token.start
    return Array.from(token.text, (text) => ({ text, start: end, end: (end += text.length) }))
  })
}

/** Hashes of a token: the word, its first and last one to four characters, its shape.
 * @param {string} text @param {Int32Array} forms @param {number} at */
function writeTagForms(text, forms, at) {
  const lower = text.toLowerCase()
  const length = lower.length
  let hash = 0x811c9dc5
  for (let k = 0; k < length; k++) {
    hash = Math.imul(hash ^ lower.charCodeAt(k), 0x01000193)
    if (k < 4) forms[at + formPrefix + k] = tagMix(hash)
  }
  forms[at + formWord] = tagMix(hash)
  hash = 0x811c9dc5
  for (let k = 0; k < 4 && k < length; k++) {
    hash = Math.imul(hash ^ lower.charCodeAt(length - 1 - k), 0x01000193)
    forms[at + formSuffix + k] = tagMix(hash)
  }
  forms[at + formShape] = tagMix(tagShape(text, lower) + 1)
}

/** Shapes of the runs of tokens that no white space parts ("INV-20931"), and each token's place in its run.
 * @param {number} count @param {Int32Array} starts @param {Int32Array} ends @param {Int32Array} forms */
function writeTagChunks(count, starts, ends, forms) {
  for (let i = 0, end = 0; i < count; i = end) {
    end = i + 1
    while (end < count && starts[end] === ends[end - 1]) end++
    let chunk = 1
    for (let k = i; k < end; k++) {
      const shape = forms[k * tagForms + formShape]
      if (k === i || shape !== forms[(k - 1) * tagForms + formShape]) chunk = tagJoin(chunk, shape)
    }
    for (let k = i; k < end; k++) {
      forms[k * tagForms + formChunk] = chunk
      forms[k * tagForms + formPlace] = 1 + Math.min(k - i, 3) * 4 + Math.min(end - 1 - k, 3)
    }
  }
}

/** @param {string} input */
function readTagContext(input) {
  const globals = []
  let end = 0
  tagContextLine.lastIndex = 0
  for (let line = tagContextLine.exec(input); line !== null; line = tagContextLine.exec(input)) {
    end = tagContextLine.lastIndex
    const name = tagHash(line[1])
    const words = line[2]
      .slice(0, 200)
      .toLowerCase()
      .split(/[\s,]+/)
    if (globals.length < 8) for (const word of words.slice(0, 4)) globals.push(tagJoin(name, tagHash(word)))
  }
  return { globals, end }
}

/**
 * @param {string} input
 * @returns {TagTokens}
 */
export function readTagTokens(input) {
  const tokens = splitForTags(input)
  const count = tokens.length
  const starts = Int32Array.from(tokens, (token) => token.start)
  const ends = Int32Array.from(tokens, (token) => token.end)
  const forms = new Int32Array(count * tagForms)
  for (let i = 0; i < count; i++) writeTagForms(tokens[i].text, forms, i * tagForms)
  writeTagChunks(count, starts, ends, forms)
  const { globals, end } = readTagContext(input)
  let body = 0
  while (body < count && starts[body] < end) body++
  return { count, starts, ends, body, forms, globals }
}

/**
 * The features of one token, as hashes; 0 is none. `out` holds up to `maxTagFeatures`.
 * @param {TagTokens} tokens
 * @param {number} i
 * @param {Int32Array} out
 * @returns {number} how many were written
 */
export function writeTagFeatures(tokens, i, out) {
  const { forms, body, globals } = tokens
  const first = i < body ? 0 : body
  const last = (i < body ? body : tokens.count) - 1
  /** @param {number} k @param {number} form */
  const at = (k, form) => (k < first ? 0x5bd1e995 : k > last ? 0x27d4eb2f : forms[k * tagForms + form])
  const word = at(i, formWord)
  const before = at(i - 1, formWord)
  const before2 = at(i - 2, formWord)
  const after = at(i + 1, formWord)
  const after2 = at(i + 2, formWord)
  const left = tagJoin(before, word)
  const right = tagJoin(word, after)
  const left2 = tagJoin(before2, before)
  const shape = at(i, formShape)
  const shapeLeft = tagJoin(at(i - 1, formShape), shape)
  const chunk = at(i, formChunk)
  const place = tagJoin(shape, (i === first ? 1 : 0) + (i === last ? 2 : 0) + (i < body ? 4 : 0))
  let n = 0
  out[n++] = 1
  out[n++] = word
  out[n++] = before
  out[n++] = after
  out[n++] = before2
  out[n++] = after2
  out[n++] = at(i - 3, formWord)
  out[n++] = at(i + 3, formWord)
  out[n++] = left
  out[n++] = right
  out[n++] = left2
  out[n++] = tagJoin(after, after2)
  out[n++] = tagJoin(left, after)
  out[n++] = tagJoin(before, after)
  out[n++] = tagJoin(left, before2)
  out[n++] = tagJoin(right, after2)
  for (let k = 0; k < 4; k++) out[n++] = forms[i * tagForms + formPrefix + k]
  for (let k = 0; k < 4; k++) out[n++] = forms[i * tagForms + formSuffix + k]
  out[n++] = at(i - 1, formSuffix + 2)
  out[n++] = at(i + 1, formSuffix + 2)
  out[n++] = shape
  out[n++] = shapeLeft
  out[n++] = tagJoin(shape, at(i + 1, formShape))
  out[n++] = tagJoin(shapeLeft, at(i + 1, formShape))
  out[n++] = chunk
  out[n++] = tagJoin(chunk, at(i, formPlace))
  out[n++] = tagJoin(before, shape)
  out[n++] = tagJoin(left2, shape)
  out[n++] = tagJoin(shape, after)
  out[n++] = place
  for (let k = 0; k < n; k++) if (out[k] !== 0) out[k] = tagMix(out[k] + Math.imul(k + 1, 0x9e3779b1))
  for (const hash of globals) {
    out[n++] = tagMix(hash)
    out[n++] = tagJoin(hash, word)
    out[n++] = tagJoin(hash, before + 1)
    out[n++] = tagJoin(hash, after + 2)
    out[n++] = tagJoin(hash, place)
  }
  return n
}

/** Room for the features of one token: fixed ones, and five for each of at most 12 context values. */
export const maxTagFeatures = 128

/**
 * Hashes of the different words of an input, whose weights speak for or against a tag at all of its tokens.
 * @param {TagTokens} tokens
 * @returns {Int32Array}
 */
export function readTagBag(tokens) {
  const words = new Set()
  for (let i = tokens.body; i < tokens.count; i++)
    words.add(tagMix(tokens.forms[i * tagForms + formWord] + 99))
  return Int32Array.from(words)
}

/** How much one word of `words` different ones says. @param {number} words */
export function tagBagScale(words) {
  return 1 / Math.sqrt(words + 1)
}
