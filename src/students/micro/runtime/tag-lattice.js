/** Sums and maxima over all sequences of tags (a linear chain), by way of the likely ones. Part of the exported module. */

/**
 * @typedef {object} TagChain Which tags there are, and how they follow each other.
 * @property {readonly string[]} tags
 * @property {Uint16Array} openers
 * @property {readonly Uint16Array[]} continuations
 * @property {Float32Array} transitions
 *
 * @typedef {object} TagLattice The likely tags of a run of tokens and the sums over all their sequences.
 * @property {number} length tokens
 * @property {Uint16Array} active `[token * tags + rank]`: the tags that are likely enough
 * @property {Int32Array} activeCount of each token
 * @property {Float64Array} emissions `[token * tags + tag]`: exponential of the score, scaled by token
 * @property {Float64Array} forward `[token * tags + tag]`: sums over sequences up to here, each token's scaled to 1
 * @property {Float64Array} scales by which each token's sums were divided
 * @property {Float64Array} backward `[token * tags + tag]`: sums over sequences from here on; times `forward`, the
 *   tag's probability
 */

/** Tags that reach less than this share of the likeliest at their token are left out of the sums. */
const tagReach = 1e-6
/** Tags less probable than this, with all of the input seen, are left out of an answer's sums. */
const tagDoubt = 1e-4

/**
 * What follows from the names of the tags: their states, and which may follow each (a tag that continues a span
 * needs that span before it).
 * @param {readonly string[]} tags
 * @param {number} fieldCount
 */
export function readTagStates(tags, fieldCount) {
  const states = new Uint8Array(fieldCount * tags.length)
  for (let i = 0; i < states.length; i++) {
    states[i] = Number(tags[i % tags.length][Math.floor(i / tags.length)])
  }
  const numbers = [...tags.keys()]
  const openers = Uint16Array.from(numbers.filter((tag) => !tags[tag].includes('2')))
  const continuations = tags.map((from) =>
    Uint16Array.from(
      numbers.filter(
        (to) =>
          tags[to].includes('2') &&
          Array.from(tags[to]).every((state, field) => state !== '2' || from[field] !== '0'),
      ),
    ),
  )
  return { states, openers, continuations }
}

/** @param {number} length tokens @param {number} tagCount @returns {TagLattice} */
export function createTagLattice(length, tagCount) {
  const cells = length * tagCount
  return {
    length,
    active: new Uint16Array(cells),
    activeCount: new Int32Array(length),
    emissions: new Float64Array(cells),
    forward: new Float64Array(cells),
    scales: new Float64Array(length),
    backward: new Float64Array(cells),
  }
}

/** Exponentials of the scores, the largest of each token scaled to 1. Returns the logarithm of all scales.
 * @param {TagLattice} lattice @param {Float64Array} scores @param {number} tagCount */
function fillTagEmissions({ length, emissions }, scores, tagCount) {
  let logScale = 0
  for (let at = 0; at < length * tagCount; at += tagCount) {
    let best = -Infinity
    for (let k = at; k < at + tagCount; k++) if (scores[k] > best) best = scores[k]
    for (let k = at; k < at + tagCount; k++) emissions[k] = Math.exp(Math.max(scores[k] - best, -200))
    logScale += best
  }
  return logScale
}

/**
 * How well the likeliest sequence from each tag on may fare, transitions aside, in `backward`. Without it, a tag that
 * only what follows speaks for would be left out: "order" begins a reference where a number comes next.
 * @param {TagLattice} lattice
 * @param {number} tagCount
 * @param {Uint16Array} openers
 * @param {readonly Uint16Array[]} continuations
 */
function fillTagProspects({ length, emissions, backward }, tagCount, openers, continuations) {
  const ahead = new Float64Array(tagCount)
  backward.fill(1, (length - 1) * tagCount, length * tagCount)
  for (let i = length - 2; i >= 0; i--) {
    const at = i * tagCount
    let largest = 0
    for (let tag = 0; tag < tagCount; tag++) {
      ahead[tag] = emissions[at + tagCount + tag] * backward[at + tagCount + tag]
      if (ahead[tag] > largest) largest = ahead[tag]
    }
    let opening = 0
    for (let k = 0; k < openers.length; k++) opening = Math.max(opening, ahead[openers[k]])
    for (let tag = 0; tag < tagCount; tag++) {
      let prospect = opening
      for (const next of continuations[tag]) prospect = Math.max(prospect, ahead[next])
      backward[at + tag] = prospect / largest
    }
  }
}

/**
 * Fills a lattice from scores (forward algorithm, Rabiner 1989), leaving out unlikely tags.
 * @param {TagLattice} lattice with `length` set, and room for it
 * @param {Float64Array} scores `[token * tags + tag]`
 * @param {TagChain} model
 * @param {Uint16Array} [kept] a tag to keep at each token, likely or not
 * @returns {number} the logarithm of the sum over all sequences
 */
export function fillTagLattice(lattice, scores, model, kept) {
  const { length, active, activeCount, emissions, forward, scales, backward } = lattice
  const tagCount = model.tags.length
  const sums = new Float64Array(tagCount)
  let logSum = fillTagEmissions(lattice, scores, tagCount)
  fillTagProspects(lattice, tagCount, model.openers, model.continuations)
  for (let i = 0; i < length; i++) {
    const at = i * tagCount
    if (i === 0) for (const tag of model.openers) sums[tag] = 1
    else addTagFlow(lattice, i - 1, model, sums)
    let largest = 0
    for (let tag = 0; tag < tagCount; tag++) {
      sums[tag] *= emissions[at + tag]
      largest = Math.max(largest, sums[tag] * backward[at + tag])
    }
    const least = tagReach * largest
    let count = 0
    let total = 0
    for (let tag = 0; tag < tagCount; tag++) {
      const likely = sums[tag] * backward[at + tag] >= least || (kept !== undefined && kept[i] === tag)
      if (sums[tag] === 0 || !likely) continue
      active[at + count++] = tag
      total += sums[tag]
    }
    for (let k = 0; k < count; k++) forward[at + active[at + k]] = sums[active[at + k]] / total
    activeCount[i] = count
    scales[i] = total
    logSum += Math.log(total)
  }
  return logSum
}

/** Sums over the sequences that reach each tag of the next token. @param {TagLattice} lattice @param {number} i
 * @param {TagChain} model @param {Float64Array} sums */
function addTagFlow({ activeCount, active, forward }, i, { openers, continuations, transitions }, sums) {
  const tagCount = sums.length
  const at = i * tagCount
  sums.fill(0)
  for (let k = 0; k < activeCount[i]; k++) {
    const tag = active[at + k]
    const flow = forward[at + tag]
    const row = tag * tagCount
    for (let j = 0; j < openers.length; j++) sums[openers[j]] += flow * transitions[row + openers[j]]
    const next = continuations[tag]
    for (let j = 0; j < next.length; j++) sums[next[j]] += flow * transitions[row + next[j]]
  }
}

/**
 * Fills in the backward sums of a lattice's tags.
 * @param {TagLattice} lattice
 * @param {Float32Array} transitions
 * @param {number} tagCount
 */
export function fillTagBackward(
  { length, active, activeCount, emissions, scales, backward },
  transitions,
  tagCount,
) {
  const ahead = new Float64Array(tagCount)
  for (let i = length - 1; i >= 0; i--) {
    const at = i * tagCount
    for (let k = 0; k < activeCount[i]; k++) {
      const row = active[at + k] * tagCount
      let sum = i === length - 1 ? 1 : 0
      for (let j = 0; i < length - 1 && j < activeCount[i + 1]; j++) {
        const to = active[at + tagCount + j]
        sum += transitions[row + to] * ahead[to]
      }
      backward[at + active[at + k]] = sum
    }
    for (let k = 0; k < activeCount[i]; k++) {
      const tag = active[at + k]
      ahead[tag] = (emissions[at + tag] * backward[at + tag]) / scales[i]
    }
  }
}

/** Leaves out the tags that are improbable with all of the input seen. @param {TagLattice} lattice
 * @param {number} tagCount */
export function narrowTagLattice({ length, active, activeCount, forward, backward }, tagCount) {
  for (let i = 0; i < length; i++) {
    const at = i * tagCount
    let count = 0
    for (let k = 0; k < activeCount[i]; k++) {
      const tag = active[at + k]
      if (forward[at + tag] * backward[at + tag] >= tagDoubt) active[at + count++] = tag
    }
    activeCount[i] = count
  }
}

/** The likeliest sequence (Viterbi 1967). @param {TagLattice} lattice @param {Float32Array} transitions
 * @param {number} tagCount @returns {Uint16Array} */
export function bestTagPath(lattice, transitions, tagCount) {
  const { length, active, activeCount, emissions } = lattice
  const previous = new Uint16Array(length * tagCount)
  let values = new Float64Array(tagCount)
  let next = new Float64Array(tagCount)
  for (let i = 0; i < length; i++) {
    const at = i * tagCount
    let largest = 0
    for (let k = 0; k < activeCount[i]; k++) {
      const tag = active[at + k]
      let best = i === 0 ? 1 : -1
      for (let j = 0; i > 0 && j < activeCount[i - 1]; j++) {
        const from = active[at - tagCount + j]
        const value = values[from] * transitions[from * tagCount + tag]
        if (value > best) {
          best = value
          previous[at + tag] = from
        }
      }
      next[tag] = best * emissions[at + tag]
      if (next[tag] > largest) largest = next[tag]
    }
    for (let k = 0; k < activeCount[i]; k++) next[active[at + k]] /= largest
    const swapped = values
    values = next
    next = swapped
  }
  return readTagPath(lattice, previous, values)
}

/** @param {TagLattice} lattice @param {Uint16Array} previous @param {Float64Array} values of the last token's tags
 * @returns {Uint16Array} */
function readTagPath(lattice, previous, values) {
  const { length, active, activeCount } = lattice
  const tagCount = values.length
  const path = new Uint16Array(length)
  const at = (length - 1) * tagCount
  let tag = active[at]
  for (let k = 1; k < activeCount[length - 1]; k++)
    if (values[active[at + k]] > values[tag]) tag = active[at + k]
  for (let i = length - 1; i >= 0; i--) {
    path[i] = tag
    tag = previous[i * tagCount + tag]
  }
  return path
}

/** The probability that a field's states are those of the path, whatever the other fields' are.
 * @param {TagLattice} lattice @param {Float32Array} transitions @param {Uint8Array} states the field's, by tag
 * @param {Uint16Array} path @returns {number} */
export function tagFieldProbability(lattice, transitions, states, path) {
  const { length, active, activeCount, emissions, scales } = lattice
  const tagCount = states.length
  let sums = new Float64Array(tagCount)
  let next = new Float64Array(tagCount)
  let total = 1
  for (let i = 0; i < length; i++) {
    const at = i * tagCount
    const state = states[path[i]]
    const before = i === 0 ? 0 : states[path[i - 1]]
    total = 0
    for (let k = 0; k < activeCount[i]; k++) {
      const tag = active[at + k]
      if (states[tag] !== state) continue
      let sum = i === 0 ? 1 : 0
      for (let j = 0; i > 0 && j < activeCount[i - 1]; j++) {
        const from = active[at - tagCount + j]
        if (states[from] === before) sum += sums[from] * transitions[from * tagCount + tag]
      }
      next[tag] = (sum * emissions[at + tag]) / scales[i]
      total += next[tag]
    }
    const swapped = sums
    sums = next
    next = swapped
  }
  return Math.min(1, total)
}
