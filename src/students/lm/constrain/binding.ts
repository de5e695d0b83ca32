/** What one answer adds to a grammar that many share: the quotes of its own input, in the place of the hole. */
import { shortestString } from './term-facts.ts'
import type { Term, Terms } from './terms.ts'
import { countLongestTokens, type TokenTrie } from './token-trie.ts'

export interface Binding {
  /** The state itself, or with quotes from the input where it begins with a hole. */
  bind(state: Term): Term
  /** What may follow the byte, bound; null where it may not come. */
  readonly step: (state: Term, byte: number) => Term | null
  /** How many tokens a shortest quote takes. */
  readonly quoteTokens: number
  /** Goes up whenever a hole is filled: what was worked out meanwhile is of this input only. */
  readonly filled: number
}

/** `content`: what stands in the hole's place; `empty` in a grammar without one. */
export function createBinding(terms: Terms, trie: TokenTrie, content: Term): Binding {
  const bound = new Map<Term, Term>()
  let filled = 0
  const bind = (state: Term): Term => {
    if (!state.open) return state
    filled++
    const known = bound.get(state) ?? terms.fill(state, content)
    bound.set(state, known)
    return known
  }
  return {
    bind,
    step(state, byte) {
      const next = terms.step(state, byte)
      return next === terms.empty ? null : bind(next)
    },
    quoteTokens: content === terms.empty ? 0 : countLongestTokens(trie, shortestString(content)).tokens,
    get filled() {
      return filled
    },
  }
}
