/** Puts an answer together from class probabilities and spans; always valid against the schema that the plan was made from. Runs anywhere. */

/**
 * @typedef {null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }} JsonValue
 *
 * What to say: a value, or nothing at all, so that the key stays absent.
 * @typedef {{ readonly value?: JsonValue }} Say
 *
 * Limits of a string, of a list and its strings, or of a number; as the JSON Schema keywords of the same names.
 * @typedef {object} Limits
 * @property {number} [minLength] in code points
 * @property {number} [maxLength]
 * @property {string} [pattern]
 * @property {number} [minItems]
 * @property {number} [maxItems]
 * @property {boolean} [uniqueItems]
 * @property {boolean} [integer]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [exclusiveMinimum]
 * @property {number} [exclusiveMaximum]
 * @property {number} [multipleOf]
 *
 * Always the same answer, right with this probability.
 * @typedef {{ readonly kind: 'constant', readonly path: string, readonly say: Say, readonly confidence: number }} ConstantNode
 *
 * The likeliest of `values`. The class `nothing` (an index, or -1) says `empty`; where `empty` is null it cannot be said.
 * @typedef {{ readonly kind: 'head', readonly path: string, readonly head: string, readonly values: readonly JsonValue[], readonly nothing: number, readonly empty: Say | null }} HeadNode
 *
 * A list of those of `values` whose head (false, true) says true, in their order.
 * @typedef {{ readonly kind: 'set', readonly path: string, readonly heads: readonly string[], readonly values: readonly string[], readonly limits: Limits, readonly empty: Say, readonly isNothing: boolean }} SetNode
 *
 * A quoted string, a number that is read from a quoted string, or a list of quoted strings; `empty` where there is none.
 * `isNothing` tells that `empty` stands for nothing rather than for a guess.
 * @typedef {{ readonly kind: 'span' | 'number' | 'list', readonly path: string, readonly span: string, readonly limits: Limits, readonly empty: Say, readonly isNothing: boolean }} SpanNode
 *
 * An object; where it has a `presence` head (false, true) that says false, `empty` is said.
 * @typedef {{ readonly kind: 'object', readonly path: string, readonly presence: string | null, readonly empty: Say, readonly children: readonly { readonly key: string, readonly node: PlanNode }[] }} ObjectNode
 *
 * @typedef {ConstantNode | HeadNode | SetNode | SpanNode | ObjectNode} PlanNode
 *
 * How an answer is put together. The product of the fields' confidences is raised to `confidencePower`.
 * @typedef {{ readonly root: PlanNode, readonly confidencePower: number }} AnswerPlan
 *
 * @typedef {{ readonly say: Say, readonly confidence: number }} Part
 * @typedef {Readonly<Record<string, Float32Array>>} Probabilities
 * @typedef {Readonly<Record<string, { readonly spans: readonly { readonly text: string }[], readonly confidence: number }>>} Tags
 */

/**
 * @param {AnswerPlan} plan
 * @param {Probabilities} probabilities of the classes of each head
 * @param {Tags} tags spans of each span field
 * @returns {{ output: JsonValue, confidence: number }} confidence: probability that the whole answer is right
 */
export function composeAnswer(plan, probabilities, tags) {
  const { say, confidence } = composeNode(plan.root, probabilities, tags)
  return {
    output: say.value ?? null,
    confidence: Math.min(1, Math.max(0, confidence) ** plan.confidencePower),
  }
}

/**
 * @param {PlanNode} node
 * @param {Probabilities} probabilities
 * @param {Tags} tags
 * @returns {Part}
 */
function composeNode(node, probabilities, tags) {
  switch (node.kind) {
    case 'constant':
      return node
    case 'head':
      return composeHead(node, probabilities[node.head])
    case 'set':
      return composeSet(node, probabilities)
    case 'span':
      return composeSpan(node, tags[node.span])
    case 'number':
      return composeNumber(node, tags[node.span])
    case 'list':
      return composeList(node, tags[node.span])
    default:
      return composeObject(node, probabilities, tags)
  }
}

/**
 * @param {HeadNode} node
 * @param {Float32Array} classes
 * @returns {Part}
 */
function composeHead(node, classes) {
  const skipped = node.empty === null ? node.nothing : -1
  let best = -1
  for (let i = 0; i < node.values.length; i++) {
    if (i !== skipped && (best < 0 || classes[i] > classes[best])) best = i
  }
  const total = skipped < 0 ? 1 : 1 - classes[skipped]
  const confidence = total > 0 ? Math.min(1, classes[best] / total) : 1 / (node.values.length - 1)
  return {
    say: best === node.nothing && node.empty !== null ? node.empty : { value: node.values[best] },
    confidence,
  }
}

/**
 * @param {SetNode} node
 * @param {Probabilities} probabilities
 * @returns {Part}
 */
function composeSet(node, probabilities) {
  const likely = node.heads.map((head, index) => ({ index, probability: probabilities[head][1] }))
  let chosen = likely.filter(({ probability }) => probability > 0.5)
  const { minItems = 0, maxItems = Infinity } = node.limits
  const isShort = chosen.length < minItems && (chosen.length > 0 || !node.isNothing)
  if (chosen.length > maxItems || isShort) {
    const size = chosen.length > maxItems ? maxItems : minItems
    chosen = likely.sort((a, b) => b.probability - a.probability || a.index - b.index).slice(0, size)
  }
  const members = new Set(chosen.map(({ index }) => index))
  let confidence = 1
  for (const { index, probability } of likely)
    confidence *= members.has(index) ? probability : 1 - probability
  const value = node.values.filter((_, index) => members.has(index))
  const fits = value.length > 0 && value.length >= minItems
  return { say: fits ? { value } : node.empty, confidence }
}

/**
 * @param {SpanNode} node
 * @param {Tags[string]} tag
 * @returns {Part}
 */
function composeSpan(node, tag) {
  const text = tag.spans[0]?.text
  if (text === undefined) return { say: node.empty, confidence: node.isNothing ? tag.confidence : 0 }
  return fitsString(text, node.limits)
    ? { say: { value: text }, confidence: tag.confidence }
    : { say: node.empty, confidence: 0 }
}

/**
 * Text that is no number, or a number out of range, is nothing where the field can say so, else the nearest
 * number in range.
 * @param {SpanNode} node
 * @param {Tags[string]} tag
 * @returns {Part}
 */
function composeNumber(node, tag) {
  const text = tag.spans[0]?.text
  if (text === undefined) return { say: node.empty, confidence: node.isNothing ? tag.confidence : 0 }
  const value = readNumber(text)
  if (value === null) return { say: node.empty, confidence: 0 }
  if (fitsNumber(value, node.limits)) return { say: { value }, confidence: tag.confidence }
  const { integer = false, minimum = -Infinity, maximum = Infinity } = node.limits
  const near = Math.min(maximum, Math.max(minimum, integer ? Math.round(value) : value))
  return {
    say: !node.isNothing && fitsNumber(near, node.limits) ? { value: near } : node.empty,
    confidence: 0,
  }
}

/**
 * @param {SpanNode} node
 * @param {Tags[string]} tag
 * @returns {Part}
 */
function composeList(node, tag) {
  const { minItems = 0, maxItems = Infinity, uniqueItems = false } = node.limits
  const texts = tag.spans.map((span) => span.text)
  const usable = texts.filter(
    (text, index) => fitsString(text, node.limits) && (!uniqueItems || texts.indexOf(text) === index),
  )
  const value = usable.slice(0, maxItems)
  if (value.length === 0 || value.length < minItems) {
    return { say: node.empty, confidence: texts.length === 0 && node.isNothing ? tag.confidence : 0 }
  }
  return { say: { value }, confidence: value.length === texts.length ? tag.confidence : 0 }
}

/**
 * @param {ObjectNode} node
 * @param {Probabilities} probabilities
 * @param {Tags} tags
 * @returns {Part}
 */
function composeObject(node, probabilities, tags) {
  const present = node.presence === null ? 1 : probabilities[node.presence][1]
  if (present < 0.5) return { say: node.empty, confidence: 1 - present }
  let confidence = present
  /** @type {[string, JsonValue][]} */
  const entries = []
  for (const { key, node: child } of node.children) {
    const part = composeNode(child, probabilities, tags)
    confidence *= part.confidence
    if (part.say.value !== undefined) entries.push([key, part.say.value])
  }
  return { say: { value: Object.fromEntries(entries) }, confidence }
}

/**
 * @param {string} text
 * @param {Limits} limits
 */
export function fitsString(text, { minLength = 0, maxLength = Infinity, pattern }) {
  const length = minLength > 0 || maxLength < Infinity ? Array.from(text).length : 0
  if (length < minLength || length > maxLength) return false
  return pattern === undefined || new RegExp(pattern, 'u').test(text)
}

/**
 * @param {number} value
 * @param {Limits} limits
 */
function fitsNumber(value, limits) {
  const { integer = false, minimum = -Infinity, maximum = Infinity, multipleOf } = limits
  const { exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = limits
  if (!Number.isFinite(value) || (integer && !Number.isInteger(value))) return false
  if (value < minimum || value > maximum || value <= exclusiveMinimum || value >= exclusiveMaximum)
    return false
  return multipleOf === undefined || Number.isInteger(value / multipleOf)
}

/** A number, perhaps signed, with marks between its digits: "-3", "1,234.50", "1 000". */
const numberPattern =
  /(?<![\p{L}\p{N}])[-+]?\d+(?:[.,'\u2019\u00a0\u202f ]\d{3}(?!\d))*(?:[.,]\d+)?|\d+(?:[.,]\d+)?/gu

/**
 * The numbers in a text as they stand there.
 * @param {string} text
 * @returns {string[]}
 */
export function findNumbers(text) {
  return text.match(numberPattern) ?? []
}

/**
 * The first number in a text such as "1,234.50", "1.234,50", "12,5" or "EUR 7", or null where there is none.
 * One mark alone separates decimals, but for a comma before exactly three digits.
 * @param {string} text
 * @returns {number | null}
 */
export function readNumber(text) {
  const found = findNumbers(text)[0]
  if (found === undefined) return null
  const marks = found.match(/[.,]/gu) ?? []
  const last = marks[marks.length - 1]
  const mixed = marks.some((mark) => mark !== last)
  const isDecimal = mixed || (marks.length === 1 && !(last === ',' && /,\d{3}$/u.test(found)))
  const end = isDecimal ? found.lastIndexOf(last) : found.length
  const value = Number(`${found.slice(0, end).replaceAll(/[^\d+-]/gu, '')}.${found.slice(end + 1)}`)
  return Number.isFinite(value) ? value : null
}
