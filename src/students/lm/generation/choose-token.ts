/** Picks the next token from logits, among the allowed ones, and says how likely it was. */
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

/** Logits this far below the largest add nothing that F32 could show, over any vocabulary. */
const negligible = 40

/** `logits` has V entries, of which at least one must be allowed. */
export function chooseToken(logits: Float32Array, options: ChoiceOptions): Choice {
  const ids = allowedIds(logits.length, options.allowed)
  const likeliest = likeliestOf(logits, ids)
  const logTotal = logSumExp(logits, ids, logits[likeliest])
  const token = options.temperature === 0 ? likeliest : sample(logits, ids, logits[likeliest], options)
  return {
    token,
    logProbability: logits[token] - logTotal,
    allowed: ids.length,
    alternatives: largest(logits, ids, options.alternatives).map((id) => ({
      token: id,
      logProbability: logits[id] - logTotal,
    })),
  }
}

/** Natural logarithm of a token's probability among all. */
export function logProbabilityOf(logits: Float32Array, token: number): number {
  const ids = allowedIds(logits.length, null)
  return logits[token] - logSumExp(logits, ids, logits[likeliestOf(logits, ids)])
}

const everyId = { ids: new Int32Array(0) }

function allowedIds(vocabulary: number, allowed: Uint32Array | null): Int32Array {
  if (allowed === null) {
    if (everyId.ids.length !== vocabulary)
      everyId.ids = Int32Array.from({ length: vocabulary }, (_, id) => id)
    return everyId.ids
  }
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

function likeliestOf(logits: Float32Array, ids: Int32Array): number {
  let best = ids[0]
  let most = logits[best]
  for (let i = 1; i < ids.length; i++) {
    const logit = logits[ids[i]]
    if (logit > most) {
      most = logit
      best = ids[i]
    }
  }
  return best
}

function logSumExp(logits: Float32Array, ids: Int32Array, most: number): number {
  let sum = 0
  for (let i = 0; i < ids.length; i++) {
    const below = logits[ids[i]] - most
    if (below > -negligible) sum += Math.exp(below)
  }
  return most + Math.log(sum)
}

function sample(
  logits: Float32Array,
  ids: Int32Array,
  most: number,
  { temperature, topP, random }: ChoiceOptions,
): number {
  const candidates: { readonly id: number; readonly weight: number }[] = []
  let total = 0
  for (let i = 0; i < ids.length; i++) {
    const below = (logits[ids[i]] - most) / temperature
    if (below <= -negligible) continue
    const weight = Math.exp(below)
    total += weight
    candidates.push({ id: ids[i], weight })
  }
  const kept = topP < 1 ? nucleus(candidates, topP * total) : candidates
  const mass = kept === candidates ? total : kept.reduce((sum, { weight }) => sum + weight, 0)
  let left = random.next() * mass
  return (kept.find(({ weight }) => (left -= weight) < 0) ?? kept[kept.length - 1]).id
}

function nucleus<C extends { readonly weight: number }>(candidates: readonly C[], mass: number): C[] {
  const sorted = [...candidates].sort((a, b) => b.weight - a.weight)
  let sum = 0
  const end = sorted.findIndex(({ weight }) => (sum += weight) >= mass)
  return end === -1 ? sorted : sorted.slice(0, end + 1)
}

function largest(logits: Float32Array, ids: Int32Array, count: number): number[] {
  const found: number[] = []
  if (count === 0) return found
  for (let i = 0; i < ids.length; i++) {
    const logit = logits[ids[i]]
    if (found.length === count && logit <= logits[found[count - 1]]) continue
    let place = Math.min(found.length, count - 1)
    for (; place > 0 && logits[found[place - 1]] < logit; place--) found[place] = found[place - 1]
    found[place] = ids[i]
  }
  return found
}
