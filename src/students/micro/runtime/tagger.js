/** Tags the spans of an input that answer its quoted fields: tokens, features, decoding, confidence. Runs anywhere. */

/**
 * @typedef {{ readonly text: string, readonly start: number, readonly end: number }} TagSpan
 * @typedef {{ readonly spans: readonly TagSpan[], readonly confidence: number }} FieldTags
 * @typedef {Readonly<Record<string, FieldTags>>} TagAnswer
 *
 * @typedef {object} TagTokens
 * @property {number} count
 * @property {number[]} starts first code unit of each token
 * @property {number[]} ends one past its last code unit
 * @property {number} body index of the first token after the leading `name=value` lines
 * @property {Int32Array} forms `tagFormCount` hashes a token
 * @property {number[]} globals hashes of what the leading lines and the hints say
 *
 * @typedef {object} TaggerModel
 * @property {readonly { readonly key: string, readonly list: boolean }[]} fields
 * @property {number} tagCount
 * @property {number} openers tags below this continue no span, so any tag may come before them
 * @property {Uint8Array} states `[tag * fields + field]`: 0 outside, 1 begins, 2 continues a span of the field
 * @property {Int32Array} slots open-addressing table: feature number plus one, or 0
 * @property {Int32Array} hashes hash of each feature
 * @property {Int32Array} offsets where each feature's weights begin; one more than there are features
 * @property {Uint8Array} pairTags the tag of each weight
 * @property {Float32Array} weights
 * @property {Float32Array} transitions `[from * tags + to]`
 * @property {Float32Array} starts weight of each tag at the first token
 * @property {Float64Array} calibration slope and offset of the confidence's logit, for each field
 */

/** Tokens that are decoded together; longer inputs are cut. Bounds memory, and time stays linear. */
const tagWindow = 1024
/** Tags less likely than this share of the likeliest at a token are left out of the sums. */
const tagPruning = 1e-5

const tagSpace = 0
const tagLower = 1
const tagUpper = 2
const tagDigit = 3
const tagOther = 4
/** A letter of a script written without spaces: a token by itself. */
const tagIdeograph = 5

const tagLetterPattern = /[\p{L}\p{M}]/u
const tagUpperPattern = /\p{Lu}/u
const tagDigitPattern = /\p{N}/u
const tagIdeographPattern =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u

/** @param {number} code a code point @returns {number} */
function tagClassOf(code) {
  if (code < 128) {
    if (code >= 97 && code <= 122) return tagLower
    if (code >= 48 && code <= 57) return tagDigit
    if (code >= 65 && code <= 90) return tagUpper
    return code <= 32 ? tagSpace : tagOther
  }
  const text = String.fromCodePoint(code)
  if (tagIdeographPattern.test(text)) return tagIdeograph
  if (tagLetterPattern.test(text)) return tagUpperPattern.test(text) ? tagUpper : tagLower
  if (tagDigitPattern.test(text)) return tagDigit
  return text.trim() === '' ? tagSpace : tagOther
}

/** @param {number} hash @returns {number} the hash with its bits spread (Appleby's finaliser of MurmurHash3) */
function tagMix(hash) {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** @param {number} a @param {number} b @returns {number} */
function tagJoin(a, b) {
  return (Math.imul(a ^ (b >>> 15), 0x9e3779b1) + Math.imul(b, 0x85ebca77) + 0x165667b1) | 0
}

/** @param {string} text @returns {number} */
export function tagHashText(text) {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return tagMix(hash)
}
