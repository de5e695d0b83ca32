/** Picks the next token by log-probabilities, among the allowed ones, and says how likely it was. */
import type { Random } from '../../../core/random.ts'

export interface ChoiceOptions {
  /** V bits, 32 a word; null where every token is allowed. */
  readonly allowed: Uint32Array | null
  /** 0: the likeliest token, the first of equals. */
  readonly temperature: number
  /** In (0, 1]: samples among the fewest tokens that together have this probability. */
  readonly topP: number
  readonly random: Random
  /** How many of the likeliest tokens to name. */
  readonly alternatives: number
}

export interface Choice {
  readonly token: number
  /** Natural logarithm, at temperature 1, among the allowed tokens. */
  readonly logProbability: number
  /** How many tokens were allowed. */
  readonly allowed: number
  /** The likeliest first, the chosen token among them where it is one. */
  readonly alternatives: readonly { readonly token: number; readonly logProbability: number }[]
}

/** A token this much less likely than another, in natural logarithms, adds nothing to it that float64 could show. */
const negligible = 40

/** `logProbabilities` has V entries and is normalised; at least one token must be allowed. */
export function chooseToken(logProbabilities: Float32Array, options: ChoiceOptions): Choice {
  const { allowed, temperature } = options
  const ids = allowed === null ? allIds(logProbabilities.length) : idsOf(allowed, logProbabilities.length)
  const likeliest = likeliestOf(logProbabilities, ids)
  const logTotal = allowed === null ? 0 : logSumExp(logProbabilities, ids, logProbabilities[likeliest])
  const token = temperature === 0 ? likeliest : sample(logProbabilities, ids, likeliest, options)
  return {
    token,
    logProbability: logProbabilities[token] - logTotal,
    allowed: ids.length,
    alternatives: largest(logProbabilities, ids, options.alternatives).map((id) => ({
      token: id,
      logProbability: logProbabilities[id] - logTotal,
    })),
  }
}

const known = { ids: new Int32Array(0) }

/** The same array for the same vocabulary: it is long. */
function allIds(vocabulary: number): Int32Array {
  if (known.ids.length !== vocabulary) known.ids = Int32Array.from({ length: vocabulary }, (_, id) => id)
  return known.ids
}

function idsOf(allowed: Uint32Array, vocabulary: number): Int32Array {
  const ids = new Int32Array(vocabulary)
  let count = 0
  for (let word = 0; word < allowed.length; word++) {
    for (let bits = allowed[word]; bits !== 0; bits &= bits - 1) {
      const id = word * 32 + 31 - Math.clz32(bits & -bits)
      if (id < vocabulary) ids[count++] = id
    }
  }
  return ids.subarray(0, count)
}

function likeliestOf(logProbabilities: Float32Array, ids: Int32Array): number {
  let best = ids[0]
  let most = logProbabilities[best]
  for (let i = 1; i < ids.length; i++) {
    const value = logProbabilities[ids[i]]
    if (value > most) {
      most = value
      best = ids[i]
    }
  }
  return best
}

function logSumExp(logProbabilities: Float32Array, ids: Int32Array, most: number): number {
  let sum = 0
  for (let i = 0; i < ids.length; i++) {
    const below = logProbabilities[ids[i]] - most
    if (below > -negligible) sum += Math.exp(below)
  }
  return most + Math.log(sum)
}

function sample(
  logProbabilities: Float32Array,
  ids: Int32Array,
  likeliest: number,
  { temperature, topP, random }: ChoiceOptions,
): number {
  const weights = new Float64Array(ids.length)
  let total = 0
  for (let i = 0; i < ids.length; i++) {
    const below = (logProbabilities[ids[i]] - logProbabilities[likeliest]) / temperature
    if (below > -negligible) total += weights[i] = Math.exp(below)
  }
  if (topP < 1) total = keepNucleus(weights, topP, total)
  let left = random.next() * total
  for (let i = 0; i < ids.length; i++) {
    left -= weights[i]
    if (left < 0) return ids[i]
  }
  return likeliest
}

/** Sets the weights of all tokens outside the nucleus to 0. Gives the sum of what is left. */
function keepNucleus(weights: Float64Array, topP: number, total: number): number {
  // All that weigh less have together too little to be needed, so that few are left to be sorted.
  const least = ((1 - topP) * total) / weights.length
  const candidates: number[] = []
  for (let i = 0; i < weights.length; i++) if (weights[i] >= least) candidates.push(i)
  candidates.sort((a, b) => weights[b] - weights[a])
  const kept: { readonly index: number; readonly weight: number }[] = []
  let sum = 0
  for (const index of candidates) {
    if (sum >= topP * total) break
    sum += weights[index]
    kept.push({ index, weight: weights[index] })
  }
  weights.fill(0)
  for (const { index, weight } of kept) weights[index] = weight
  return sum
}

function largest(logProbabilities: Float32Array, ids: Int32Array, count: number): number[] {
  const found: number[] = []
  if (count === 0) return found
  for (let i = 0; i < ids.length; i++) {
    const value = logProbabilities[ids[i]]
    if (found.length === count && value <= logProbabilities[found[count - 1]]) continue
    let place = Math.min(found.length, count - 1)
    for (; place > 0 && logProbabilities[found[place - 1]] < value; place--) found[place] = found[place - 1]
    found[place] = ids[i]
  }
  return found
}
