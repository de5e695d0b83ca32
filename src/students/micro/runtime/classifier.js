/**
 * The classifier of the micro student: for each head, the probability of each of its values. Part of the exported
 * module; training makes its weights, pack-classifier.ts writes them.
 */
import { createFeatureBuffer, indexVocabulary, vectorise } from './features.js'

/** @typedef {Float32Array | Int8Array} Weights small whole numbers stand for weights in steps of their row's scale */

/**
 * @typedef {object} ClassifierHead
 * @property {string} key
 * @property {readonly string[]} values canonical JSON texts
 * @property {number} offset where its values begin among the outputs
 * @property {number} networkScale what its network logits are multiplied by before they are added up
 * @property {number} linearScale what its linear scores are multiplied by
 * @property {Stack | null} stack
 */

/**
 * A second look at a head in the light of all heads:
 * logits = own x ln(its probabilities) + bias + probabilities of all heads x weights.
 * @typedef {object} Stack
 * @property {number} own
 * @property {ArrayLike<number>} bias (size)
 * @property {ArrayLike<number>} weights (outputs x size)
 */

/**
 * A matrix whose row i is `weights` times `scales[i]`.
 * @typedef {object} ScaledRows
 * @property {Weights} weights (rows x columns)
 * @property {Float32Array} scales (rows)
 */

/**
 * @typedef {object} ClassifierModel
 * @property {import('./features.js').Vocabulary} vocabulary
 * @property {readonly ClassifierHead[]} heads
 * @property {number} outputs values of all heads
 * @property {number} hidden units of the hidden layer; 0 where there is no network
 * @property {ScaledRows} input (features x hidden)
 * @property {Float32Array} hiddenBias (hidden)
 * @property {ScaledRows} output (hidden x outputs)
 * @property {Float32Array} outputBias (outputs)
 * @property {ScaledRows} linear (features x outputs)
 * @property {Float32Array} linearBias (outputs)
 * @property {import('./features.js').FeatureBuffer} buffer
 */

/**
 * A model from what packClassifier wrote. The arrays are views of `packed.bytes`, which must begin at a multiple of 8.
 * @param {{ readonly header: { readonly [key: string]: unknown }, readonly bytes: Uint8Array }} packed
 * @returns {ClassifierModel}
 */
export function unpackClassifier(packed) {
  const header = /** @type {{ heads: ClassifierHead[], outputs: number, hidden: number, wordFeatures: number,
    sections: Record<string, { type: string, offset: number, length: number }> }} */ (
    /** @type {unknown} */ (packed.header)
  )
  /** @param {string} name @returns {Float32Array} */
  const floats = (name) => {
    const { offset, length } = header.sections[name]
    return new Float32Array(packed.bytes.buffer, packed.bytes.byteOffset + offset, length)
  }
  /** @param {string} name @returns {ScaledRows} */
  const scaled = (name) => {
    const { type, offset, length } = header.sections[name]
    const at = packed.bytes.byteOffset + offset
    if (type === 'int8') {
      return { weights: new Int8Array(packed.bytes.buffer, at, length), scales: floats(`${name}Scales`) }
    }
    const rows = name === 'output' ? header.hidden : header.sections.hashes.length
    return { weights: floats(name), scales: new Float32Array(rows).fill(1) }
  }
  const place = header.sections.hashes
  const hashes = new Uint32Array(packed.bytes.buffer, packed.bytes.byteOffset + place.offset, place.length)
  return {
    vocabulary: {
      size: hashes.length,
      wordFeatures: header.wordFeatures,
      hashes,
      idf: floats('idf'),
      slots: indexVocabulary(hashes),
    },
    heads: header.heads,
    outputs: header.outputs,
    hidden: header.hidden,
    input: scaled('input'),
    hiddenBias: floats('hiddenBias'),
    output: scaled('output'),
    outputBias: floats('outputBias'),
    linear: scaled('linear'),
    linearBias: floats('linearBias'),
    buffer: createFeatureBuffer(hashes.length),
  }
}

/**
 * sums[j] += values[i] * scale of row indices[i] * weights[indices[i], j]
 * @param {Float32Array} sums
 * @param {ScaledRows} rows
 * @param {{ indices: Int32Array, values: Float32Array, length: number }} entries
 */
function addWeightedRows(sums, rows, entries) {
  const { weights, scales } = rows
  const { indices, values, length } = entries
  const width = sums.length
  let i = 0
  // Four rows at a time, so that each sum is read and written once for four.
  for (; i + 3 < length; i += 4) {
    const a = indices[i] * width
    const b = indices[i + 1] * width
    const c = indices[i + 2] * width
    const d = indices[i + 3] * width
    const valueA = values[i] * scales[indices[i]]
    const valueB = values[i + 1] * scales[indices[i + 1]]
    const valueC = values[i + 2] * scales[indices[i + 2]]
    const valueD = values[i + 3] * scales[indices[i + 3]]
    for (let j = 0; j < width; j++) {
      const first = valueA * weights[a + j] + valueB * weights[b + j]
      sums[j] += first + (valueC * weights[c + j] + valueD * weights[d + j])
    }
  }
  for (; i < length; i++) {
    const from = indices[i] * width
    const value = values[i] * scales[indices[i]]
    for (let j = 0; j < width; j++) sums[j] += value * weights[from + j]
  }
}

/**
 * @param {ClassifierModel} model
 * @returns {Float32Array} (outputs) logits of the network for the text in the model's buffer
 */
function networkLogits(model) {
  const hidden = model.hiddenBias.slice()
  addWeightedRows(hidden, model.input, model.buffer)
  const indices = new Int32Array(hidden.length)
  let length = 0
  for (let unit = 0; unit < hidden.length; unit++) {
    if (hidden[unit] > 0) {
      indices[length] = unit
      hidden[length++] = hidden[unit]
    }
  }
  const logits = model.outputBias.slice()
  addWeightedRows(logits, model.output, { indices, values: hidden, length })
  return logits
}

/**
 * Makes logits in place into probabilities: exp(logits) scaled to sum to 1.
 * @param {Float32Array} logits
 */
export function softmax(logits) {
  let largest = -Infinity
  for (let i = 0; i < logits.length; i++) if (logits[i] > largest) largest = logits[i]
  let sum = 0
  for (let i = 0; i < logits.length; i++) {
    logits[i] = Math.exp(logits[i] - largest)
    sum += logits[i]
  }
  for (let i = 0; i < logits.length; i++) logits[i] /= sum
}

/** Keeps logarithms finite, and one overconfident head from deciding alone. */
export const leastProbability = 1e-4

/**
 * @param {Stack} stack
 * @param {Float32Array} probabilities (outputs) of all heads
 * @param {number} offset of the head
 * @param {number} size of the head
 * @returns {Float32Array} (size) the head's probabilities after the second look
 */
export function applyStack(stack, probabilities, offset, size) {
  const logits = new Float32Array(size)
  for (let i = 0; i < size; i++) {
    logits[i] = stack.bias[i] + stack.own * Math.log(Math.max(leastProbability, probabilities[offset + i]))
  }
  for (let output = 0; output < probabilities.length; output++) {
    const probability = probabilities[output]
    for (let i = 0; i < size; i++) logits[i] += probability * stack.weights[output * size + i]
  }
  softmax(logits)
  return logits
}

/**
 * The calibrated probability of each value of each head, by the head's key, in the order of its values.
 * @param {ClassifierModel} model
 * @param {string} input
 * @returns {Record<string, Float32Array>}
 */
export function classify(model, input) {
  vectorise(model.vocabulary, input, model.buffer)
  const linear = model.linearBias.slice()
  addWeightedRows(linear, model.linear, model.buffer)
  const network = model.hidden > 0 ? networkLogits(model) : new Float32Array(model.outputs)
  const probabilities = new Float32Array(model.outputs)
  for (const { offset, values, networkScale, linearScale } of model.heads) {
    for (let at = offset; at < offset + values.length; at++) {
      probabilities[at] = networkScale * network[at] + linearScale * linear[at]
    }
    softmax(probabilities.subarray(offset, offset + values.length))
  }
  /** @type {Record<string, Float32Array>} */
  const answer = {}
  for (const { key, offset, values, stack } of model.heads) {
    answer[key] =
      stack === null
        ? probabilities.slice(offset, offset + values.length)
        : applyStack(stack, probabilities, offset, values.length)
  }
  return answer
}
