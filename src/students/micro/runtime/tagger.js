/** Tags the spans of an input that answer its quoted fields, and says how sure it is. Part of the exported module. */
import { maxTagFeatures, readTagBag, readTagTokens, tagBagScale, writeTagFeatures } from './tag-features.js'
import {
  bestTagPath,
  createTagLattice,
  fillTagBackward,
  fillTagLattice,
  narrowTagLattice,
  readTagStates,
  tagFieldProbability,
} from './tag-lattice.js'

/**
 * @typedef {import('./tag-features.js').TagTokens} TagTokens
 * @typedef {import('./tag-lattice.js').TagLattice} TagLattice
 * @typedef {{ readonly text: string, readonly start: number, readonly end: number }} TagSpan
 * @typedef {{ readonly spans: readonly TagSpan[], readonly confidence: number }} FieldTags
 * @typedef {Readonly<Record<string, FieldTags>>} TagAnswer
 * @typedef {{ readonly field: number, readonly atEnd: boolean, readonly text: string }} TagTrim
 *
 * @typedef {object} TaggerModel A linear-chain conditional random field over tokens.
 * @property {readonly { readonly key: string, readonly list: boolean }[]} fields
 * @property {readonly string[]} tags one digit a field: 0 outside, 1 begins, 2 continues a span of it
 * @property {Uint8Array} states the same by field, `[field * tags + tag]`
 * @property {Uint16Array} openers the tags that continue no span: any tag may come before them
 * @property {readonly Uint16Array[]} continuations which others may follow each tag
 * @property {Int32Array} slots hash table over `hashes`: a hash and its feature's number plus one, or 0
 * @property {Int32Array} hashes hash of each feature
 * @property {Int32Array} offsets where each feature's weights begin; one more than there are features
 * @property {Uint8Array} pairTags the tag of each weight
 * @property {Float32Array} weights
 * @property {Float32Array} transitions `[from * tags + to]`: exponential of the weight, 0 where `to` may not follow
 * @property {readonly TagTrim[]} trims what a span's first or last token loses (see `foldTagEdge`)
 * @property {Float64Array} calibration slope and offset of the confidence's logit, for each field
 */

/** Tokens that are decoded together; longer inputs are cut, so that memory is bounded and time linear. */
export const tagWindow = 1024
/** A hash table over feature hashes; a hash and its number lie side by side, since most look-ups end there.
 * @param {Int32Array} hashes @returns {Int32Array} */
export function indexTagFeatures(hashes) {
  let size = 16
  while (size < hashes.length * 2) size *= 2
  const slots = new Int32Array(2 * size)
  const mask = 2 * size - 2
  for (let feature = 0; feature < hashes.length; feature++) {
    let slot = (2 * hashes[feature]) & mask
    while (slots[slot + 1] !== 0) slot = (slot + 2) & mask
    slots[slot] = hashes[feature]
    slots[slot + 1] = feature + 1
  }
  return slots
}

/** Adds the weights of features, where they have some. @param {TaggerModel} model @param {Int32Array} features
 * hashes @param {number} count @param {number} scale @param {Float64Array} scores @param {number} at */
function addTagFeatures(model, features, count, scale, scores, at) {
  const { slots, offsets, pairTags, weights } = model
  const mask = slots.length - 2
  for (let k = 0; k < count; k++) {
    const hash = features[k]
    let slot = (2 * hash) & mask
    while (slots[slot + 1] !== 0 && slots[slot] !== hash) slot = (slot + 2) & mask
    const feature = slots[slot + 1] - 1
    if (feature < 0) continue
    const end = offsets[feature + 1]
    for (let p = offsets[feature]; p < end; p++) scores[at + pairTags[p]] += scale * weights[p]
  }
}

/**
 * Scores of each tag at the tokens from..to, `[token * tags + tag]`.
 * @param {TaggerModel} model
 * @param {TagTokens} tokens
 * @param {Int32Array} bag
 * @param {number} from
 * @param {number} to
 * @returns {Float64Array}
 */
export function scoreTags(model, tokens, bag, from, to) {
  const tagCount = model.tags.length
  const everywhere = new Float64Array(tagCount)
  addTagFeatures(model, bag, bag.length, tagBagScale(bag.length), everywhere, 0)
  const scores = new Float64Array((to - from) * tagCount)
  const features = new Int32Array(maxTagFeatures)
  for (let i = from; i < to; i++) {
    const at = (i - from) * tagCount
    scores.set(everywhere, at)
    addTagFeatures(model, features, writeTagFeatures(tokens, i, features), 1, scores, at)
  }
  return scores
}

/**
 * The end of a span's token as trims are written: lower case, digits as 0.
 * @param {string} text
 * @returns {string}
 */
export function foldTagEdge(text) {
  return text.toLowerCase().replace(/\p{N}/gu, '0')
}

/** Cuts off what a field's quotes leave of a token. @param {TaggerModel} model @param {TagTokens} tokens
 * @param {string} input @param {number} field @param {number} first @param {number} last token @returns {TagSpan} */
function cutTagSpan(model, tokens, input, field, first, last) {
  let start = tokens.starts[first]
  let end = tokens.ends[last]
  for (const trim of model.trims) {
    const token = trim.atEnd ? last : first
    const text = foldTagEdge(input.slice(tokens.starts[token], tokens.ends[token]))
    if (trim.field !== field || text.length <= trim.text.length || end - start <= trim.text.length) continue
    if (trim.atEnd && text.endsWith(trim.text)) end = tokens.ends[last] - trim.text.length
    if (!trim.atEnd && text.startsWith(trim.text)) start = tokens.starts[first] + trim.text.length
  }
  return { text: input.slice(start, end), start, end }
}

/** @param {TaggerModel} model @param {TagTokens} tokens @param {string} input @param {Uint16Array} path
 * @param {number} offset the path's first token @param {number} field @returns {TagSpan[]} */
function readTagSpans(model, tokens, input, path, offset, field) {
  const states = model.states.subarray(field * model.tags.length)
  const spans = []
  for (let i = 0; i < path.length; i++) {
    if (states[path[i]] !== 1) continue
    let last = i
    while (last + 1 < path.length && states[path[last + 1]] === 2) last++
    spans.push(cutTagSpan(model, tokens, input, field, offset + i, offset + last))
  }
  return spans
}

/** Which fields the likely tags of a lattice have to do with. @param {TagLattice} lattice @param {TaggerModel} model */
function touchedTagFields({ length, active, activeCount }, { tags, fields, states }) {
  const tagCount = tags.length
  const seen = new Uint8Array(tagCount)
  for (let i = 0; i < length; i++) {
    for (let k = i * tagCount; k < i * tagCount + activeCount[i]; k++) seen[active[k]] = 1
  }
  const touched = new Uint8Array(fields.length)
  for (let tag = 0; tag < tagCount; tag++) {
    if (seen[tag] === 0) continue
    for (let field = 0; field < fields.length; field++) touched[field] |= states[field * tagCount + tag]
  }
  return touched
}

/** The logarithm of the odds, kept finite. @param {number} probability @returns {number} */
export function tagLogit(probability) {
  const kept = Math.min(Math.max(probability, 1e-6), 1 - 1e-6)
  return Math.log(kept / (1 - kept))
}

/** @param {TaggerModel} model @param {number} field @param {number} probability the model's own */
export function tagConfidence(model, field, probability) {
  const odds = model.calibration[2 * field] * tagLogit(probability) + model.calibration[2 * field + 1]
  return 1 / (1 + Math.exp(-odds))
}

/**
 * Each field's answer and the model's own probability of it, before calibration.
 * @param {TaggerModel} model
 * @param {string} input
 * @param {TagTokens} tokens
 */
export function decodeTags(model, input, tokens) {
  const bag = readTagBag(tokens)
  const tagCount = model.tags.length
  const answers = model.fields.map(() => ({ spans: /** @type {TagSpan[]} */ ([]), probability: 1 }))
  for (let from = 0; from < tokens.count; from += tagWindow) {
    const to = Math.min(from + tagWindow, tokens.count)
    const lattice = createTagLattice(to - from, tagCount)
    fillTagLattice(lattice, scoreTags(model, tokens, bag, from, to), model)
    fillTagBackward(lattice, model.transitions, tagCount)
    narrowTagLattice(lattice, tagCount)
    const path = bestTagPath(lattice, model.transitions, tagCount)
    const touched = touchedTagFields(lattice, model)
    answers.forEach((answer, field) => {
      if (touched[field] === 0) return
      const states = model.states.subarray(field * tagCount, (field + 1) * tagCount)
      answer.spans.push(...readTagSpans(model, tokens, input, path, from, field))
      answer.probability *= tagFieldProbability(lattice, model.transitions, states, path)
    })
  }
  return answers.map(({ spans, probability }, field) => ({
    spans: model.fields[field].list ? spans : spans.slice(0, 1),
    probability,
  }))
}

/**
 * Each field's spans, with the calibrated probability that they (or their absence) are right. A list field
 * has every span in order, any other at most one: the first that is mentioned.
 * @param {TaggerModel} model
 * @param {string} input
 * @returns {TagAnswer}
 */
export function tag(model, input) {
  /** @type {Record<string, FieldTags>} */
  const answer = {}
  decodeTags(model, input, readTagTokens(input)).forEach(({ spans, probability }, field) => {
    answer[model.fields[field].key] = { spans, confidence: tagConfidence(model, field, probability) }
  })
  return answer
}

/**
 * A model from its packed form (`packTagger` says how it is laid out).
 * @param {{ readonly header: { readonly [key: string]: unknown }, readonly bytes: Uint8Array }} packed
 * @returns {TaggerModel}
 */
export function unpackTagger(packed) {
  const header =
    /** @type {{ fields: TaggerModel['fields'], tags: string[], trims: TagTrim[], calibration: number[],
    features: number, pairs: number, scale: number | null }} */ (packed.header)
  const { tags, features, pairs, scale } = header
  let at = 0
  /** The next block, copied so that its numbers are aligned. @param {number} length */
  const block = (length) => {
    const bytes = packed.bytes.slice(at, at + length)
    at += (length + 7) & ~7
    return bytes.buffer
  }
  const transitions = new Float32Array(block(tags.length * tags.length * 4))
  const hashes = new Int32Array(block(features * 4))
  const pairCounts = new Uint16Array(block(features * 2))
  const pairTags = new Uint8Array(block(pairs))
  const weights =
    scale === null
      ? new Float32Array(block(pairs * 4))
      : Float32Array.from(new Int8Array(block(pairs)), (weight) => weight * scale)
  const offsets = new Int32Array(features + 1)
  for (let i = 0; i < features; i++) offsets[i + 1] = offsets[i] + pairCounts[i]
  return {
    fields: header.fields,
    tags,
    ...readTagStates(tags, header.fields.length),
    slots: indexTagFeatures(hashes),
    hashes,
    offsets,
    pairTags,
    weights,
    transitions,
    trims: header.trims,
    calibration: Float64Array.from(header.calibration),
  }
}
