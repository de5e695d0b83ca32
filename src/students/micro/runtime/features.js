/**
 * Sparse n-gram features of a text, each known by a 32-bit hash, and their TF-IDF weights. Part of the exported module.
 *
 * Word features: single words and pairs, runs of punctuation, and the first and last words marked as such.
 * Character features: 2- to 5-grams of each piece between spaces, with a space at either end.
 */
import { normaliseText } from './text.js'

/**
 * @typedef {object} Vocabulary
 * @property {number} size features known
 * @property {number} wordFeatures features below this index come from words, the others from characters
 * @property {Uint32Array} hashes (size) what each feature is known by
 * @property {Float32Array} idf (size) inverse document frequencies
 * @property {Int32Array} slots open-addressing table from hash to index + 1; its length is a power of two
 */

/**
 * Room for the features of one text, reused from call to call.
 * @typedef {object} FeatureBuffer
 * @property {Uint32Array} hashes hashes as they occur, words before characters
 * @property {number} wordCount of them from words
 * @property {number} count of them in all
 * @property {Int32Array} indices of the known features, each once
 * @property {Float32Array} values their weights
 * @property {number} length known features
 * @property {Uint16Array} frequencies by feature; zero between calls
 */

const shortestGram = 2
const longestGram = 5
const wordSeed = 0x811c9dc5
const pairSeed = 0x2c1b3c6d
const firstSeed = 0x297a2d39
const firstPairSeed = 0x1b56c4e9
const lastSeed = 0x7feb352d
const lastPairSeed = 0x846ca68b
const gramSeed = 0x9e3779b1

/** 1 for a letter, mark or digit, 2 for other visible characters, 3 for white space, 0 for not yet looked up. */
const characterKinds = new Uint8Array(65536)

/**
 * @param {number} code a UTF-16 unit; halves of a pair count as other visible characters
 * @returns {number}
 */
function characterKind(code) {
  const known = characterKinds[code]
  if (known !== 0) return known
  const character = String.fromCharCode(code)
  const kind = /[\p{L}\p{M}\p{N}_]/u.test(character) ? 1 : /\s/u.test(character) ? 3 : 2
  characterKinds[code] = kind
  return kind
}

/**
 * One step of a hash: mixes a whole number into it.
 * @param {number} hash
 * @param {number} value
 * @returns {number}
 */
function mixHash(hash, value) {
  const mixed = Math.imul(hash ^ value, 0x01000193)
  return mixed ^ (mixed >>> 15)
}

/**
 * Spreads a hash over all 32 bits (the finaliser of MurmurHash3, Appleby).
 * @param {number} hash
 * @returns {number}
 */
function finishHash(hash) {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/**
 * @param {number} features size of the vocabulary; 0 while there is none
 * @returns {FeatureBuffer}
 */
export function createFeatureBuffer(features) {
  return {
    hashes: new Uint32Array(4096),
    wordCount: 0,
    count: 0,
    indices: new Int32Array(4096),
    values: new Float32Array(4096),
    length: 0,
    frequencies: new Uint16Array(features),
  }
}

/**
 * @param {FeatureBuffer} buffer
 * @param {number} needed
 */
function growFeatureBuffer(buffer, needed) {
  if (buffer.hashes.length >= needed) return
  buffer.hashes = new Uint32Array(needed * 2)
  buffer.indices = new Int32Array(needed * 2)
  buffer.values = new Float32Array(needed * 2)
}

/**
 * Fills `buffer.hashes`, `wordCount` and `count` with the features of a text as they occur.
 * @param {string} text
 * @param {FeatureBuffer} buffer
 */
export function hashFeatures(text, buffer) {
  const normal = normaliseText(text).toLowerCase()
  const padded = ` ${normal} `
  growFeatureBuffer(buffer, padded.length * 8 + 16)
  buffer.wordCount = hashWords(padded, buffer.hashes)
  buffer.count = normal === '' ? 0 : hashGrams(padded, buffer.hashes, buffer.wordCount)
}

/**
 * @param {string} text lower case, a space at either end
 * @param {Uint32Array} hashes
 * @returns {number} hashes written
 */
function hashWords(text, hashes) {
  let count = 0
  let words = 0
  let first = 0
  let before = 0
  let last = 0
  for (let at = 1; at < text.length;) {
    const kind = characterKind(text.charCodeAt(at))
    let hash = wordSeed
    for (; at < text.length && characterKind(text.charCodeAt(at)) === kind; at++) {
      if (kind !== 3) hash = mixHash(hash, text.charCodeAt(at))
    }
    if (kind === 3) continue
    hashes[count++] = finishHash(hash)
    words++
    before = last
    last = hash
    if (words === 1) first = hash
    else hashes[count++] = finishHash(mixHash(mixHash(pairSeed, before), last))
    if (words === 2) hashes[count++] = finishHash(mixHash(mixHash(firstPairSeed, before), last))
  }
  if (words === 0) return 0
  hashes[count++] = finishHash(mixHash(firstSeed, first))
  hashes[count++] = finishHash(mixHash(lastSeed, last))
  if (words > 1) hashes[count++] = finishHash(mixHash(mixHash(lastPairSeed, before), last))
  return count
}

/**
 * @param {string} text lower case, single spaces between pieces and one at either end
 * @param {Uint32Array} hashes
 * @param {number} from where to write
 * @returns {number} where writing ended
 */
function hashGrams(text, hashes, from) {
  let count = from
  for (let start = 0; start < text.length - 1; start++) {
    let hash = gramSeed
    const end = Math.min(text.length, start + longestGram)
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at)
      hash = mixHash(hash, code)
      if (at - start + 1 >= shortestGram) hashes[count++] = finishHash(hash)
      if (code === 32 && at > start) break
    }
  }
  return count
}

/**
 * @param {Uint32Array} hashes
 * @returns {Int32Array} the table of a vocabulary
 */
export function indexVocabulary(hashes) {
  let length = 16
  while (length < hashes.length * 2) length *= 2
  const slots = new Int32Array(length)
  for (let i = 0; i < hashes.length; i++) {
    let slot = hashes[i] & (length - 1)
    while (slots[slot] !== 0) slot = (slot + 1) & (length - 1)
    slots[slot] = i + 1
  }
  return slots
}

/**
 * Fills `buffer.indices`, `values` and `length`: (1 + ln frequency) x idf of the known features of a text,
 * words and characters each scaled to length 1.
 * @param {Vocabulary} vocabulary
 * @param {string} text
 * @param {FeatureBuffer} buffer made for this vocabulary
 */
export function vectorise(vocabulary, text, buffer) {
  hashFeatures(text, buffer)
  const { hashes, slots, idf } = vocabulary
  const { indices, values, frequencies } = buffer
  const mask = slots.length - 1
  let length = 0
  for (let i = 0; i < buffer.count; i++) {
    const hash = buffer.hashes[i]
    let slot = hash & mask
    while (slots[slot] !== 0 && hashes[slots[slot] - 1] !== hash) slot = (slot + 1) & mask
    if (slots[slot] === 0) continue
    const feature = slots[slot] - 1
    if (frequencies[feature] === 0) indices[length++] = feature
    if (frequencies[feature] < 65535) frequencies[feature]++
  }
  let wordSquares = 0
  let gramSquares = 0
  for (let i = 0; i < length; i++) {
    const feature = indices[i]
    const value = (1 + Math.log(frequencies[feature])) * idf[feature]
    frequencies[feature] = 0
    values[i] = value
    if (feature < vocabulary.wordFeatures) wordSquares += value * value
    else gramSquares += value * value
  }
  const wordScale = wordSquares > 0 ? 1 / Math.sqrt(wordSquares) : 0
  const gramScale = gramSquares > 0 ? 1 / Math.sqrt(gramSquares) : 0
  for (let i = 0; i < length; i++) {
    values[i] *= indices[i] < vocabulary.wordFeatures ? wordScale : gramScale
  }
  buffer.length = length
}
