/** Which tokens may come next in each state of an answer, kept by state; and how to end in time. */
import type { Binding } from './binding.ts'
import { shortestString } from './term-facts.ts'
import type { Term } from './terms.ts'
import { countLongestTokens, walkTokens, type TokenCount, type TokenTrie } from './token-trie.ts'

/** Masks that all answers to one schema share. */
export interface SharedMasks {
  readonly masks: Map<Term, Mask>
  readonly counts: Map<Term, TokenCount>
}

/** The masks of one answer. */
export interface Masks {
  /**
   * Bits of the tokens that may come next, the ends of turn among them where the answer may be over. With
   * `remaining`, the number of tokens that may still be written, only those after which the answer can be
   * completed in time; all of them where no token leads to that. Read only.
   */
  allowed(state: Term, remaining?: number): Uint32Array
  /**
   * Tokens that write the shortest rest, each as long as fits. Of the states after a token the one along this
   * rest needs exactly one token less, so that keeping to this count never leads into a dead end.
   */
  tokensToEnd(state: Term): number
}

interface Mask {
  readonly bits: Uint32Array
  /** The states to which the tokens lead, each once. */
  readonly after: readonly Term[]
}

/** Masks of a state each are V / 8 bytes. */
const mostMasks = 2_000

export interface MaskOptions {
  readonly trie: TokenTrie
  readonly binding: Binding
  /** 32-bit words of a mask. */
  readonly words: number
  readonly endIds: readonly number[]
}

export function createMasks(shared: SharedMasks, options: MaskOptions): Masks {
  const { trie, binding, words, endIds } = options
  const own = new Map<Term, Mask>()
  const tokensToEnd = (state: Term): number => {
    const known = shared.counts.get(state)
    const count = known ?? countLongestTokens(trie, shortestString(state))
    if (known === undefined) shared.counts.set(state, count)
    return count.tokens + count.quotes * binding.quoteTokens
  }
  const walk = (state: Term): Mask => {
    const bits = new Uint32Array(words)
    const after = new Set<Term>()
    let last: Term | null = null
    walkTokens(trie, binding.step, state, (token, term) => {
      setBit(bits, token)
      if (term !== last) after.add((last = term))
    })
    if (state.nullable) for (const id of endIds) setBit(bits, id)
    return { bits, after: [...after] }
  }
  const maskOf = (state: Term): Mask => {
    const known = shared.masks.get(state) ?? own.get(state)
    if (known !== undefined) return known
    const { filled } = binding
    const mask = walk(state)
    const masks = state.own || binding.filled > filled ? own : shared.masks
    if (masks.size >= mostMasks) masks.clear()
    masks.set(state, mask)
    return mask
  }
  let limited: Uint32Array | undefined
  return {
    tokensToEnd,
    allowed(state, remaining) {
      const mask = maskOf(state)
      const allInTime = remaining === undefined || mask.after.every((term) => tokensToEnd(term) < remaining)
      if (allInTime || tokensToEnd(state) > remaining) return mask.bits
      const bits = (limited ??= new Uint32Array(words)).fill(0)
      walkTokens(trie, binding.step, state, (token, term) => {
        if (tokensToEnd(term) < remaining) setBit(bits, token)
      })
      if (state.nullable) for (const id of endIds) setBit(bits, id)
      return bits
    },
  }
}

function setBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5] |= 1 << (index & 31)
}
