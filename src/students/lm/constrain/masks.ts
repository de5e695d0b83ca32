/** Which tokens may come next in each state of an answer, kept by state; and how to end in time. */
import type { Term, Terms } from './terms.ts'
import { shortestString } from './term-facts.ts'
import { countLongestTokens, walkTokens, type TokenTrie } from './token-trie.ts'

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
  /** The largest `tokensToEnd` of those. */
  mostToEnd?: number
}

/** Masks of a state each are V / 8 bytes. */
const mostMasks = 2_000

/** `words`: 32-bit words a mask. */
export function createMasks(terms: Terms, trie: TokenTrie, words: number, endIds: readonly number[]): Masks {
  const masks = new Map<Term, Mask>()
  const counts = new Map<Term, number>()
  const limited = new Uint32Array(words)
  const tokensToEnd = (state: Term): number => {
    const known = counts.get(state)
    if (known !== undefined) return known
    const count = countLongestTokens(trie, shortestString(state))
    counts.set(state, count)
    return count
  }
  const maskOf = (state: Term): Mask => {
    const known = masks.get(state)
    if (known !== undefined) return known
    const bits = new Uint32Array(words)
    const after = new Set<Term>()
    let last: Term | null = null
    walkTokens(trie, terms, state, (token, term) => {
      setBit(bits, token)
      if (term !== last) after.add((last = term))
    })
    if (state.nullable) for (const id of endIds) setBit(bits, id)
    if (masks.size >= mostMasks) masks.clear()
    const mask: Mask = { bits, after: [...after] }
    masks.set(state, mask)
    return mask
  }
  const mostToEnd = (mask: Mask): number =>
    (mask.mostToEnd ??= mask.after.reduce((most, term) => Math.max(most, tokensToEnd(term)), 0))
  return {
    tokensToEnd,
    allowed(state, remaining) {
      const mask = maskOf(state)
      if (remaining === undefined || mostToEnd(mask) < remaining || tokensToEnd(state) > remaining) {
        return mask.bits
      }
      limited.fill(0)
      walkTokens(trie, terms, state, (token, term) => {
        if (tokensToEnd(term) < remaining) setBit(limited, token)
      })
      if (state.nullable) for (const id of endIds) setBit(limited, id)
      return limited
    },
  }
}

function setBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5] |= 1 << (index & 31)
}
