/** What a term says about its strings: the bytes they begin with, and the shortest of them. */
import type { Term, TrieNode } from './terms.ts'

/** The bytes that a string of this set can begin with, ascending. */
export function firstBytes(term: Term): readonly number[] {
  return (term.firstBytes ??= [...new Set(findFirstBytes(term))].sort((a, b) => a - b))
}

function findFirstBytes(term: Term): readonly number[] {
  switch (term.kind) {
    case 'empty':
    case 'epsilon':
      return []
    case 'bytes':
      return term.members
    case 'trie':
      return [...term.node.children.keys()]
    case 'seq':
      return term.head.nullable ? [...firstBytes(term.head), ...firstBytes(term.tail)] : firstBytes(term.head)
    case 'alt':
      return term.options.flatMap((option) => firstBytes(option))
    case 'repeat':
      return firstBytes(term.item)
    default:
      return firstBytes(term.rule.expand())
  }
}

/**
 * Of the shortest strings of a set that is not empty, the first by byte value. So chosen, the string that is
 * shortest after a step along it is its own rest, on which the count of tokens to the end relies.
 */
export function shortestString(term: Term): Uint8Array {
  return (term.shortest ??= findShortest(term))
}

function findShortest(term: Term): Uint8Array {
  switch (term.kind) {
    case 'empty':
      throw new Error('shortestString: the set is empty')
    case 'epsilon':
      return new Uint8Array(0)
    case 'bytes':
      return Uint8Array.of(term.members[0])
    case 'trie':
      return shortestOfTrie(term.node)
    case 'seq':
      return concatenate([shortestString(term.head), shortestString(term.tail)])
    case 'alt':
      return term.options.map(shortestString).reduce((best, other) => (precedes(other, best) ? other : best))
    case 'repeat':
      return concatenate(Array.from({ length: term.min }, () => shortestString(term.item)))
    default:
      return term.rule.shortest?.() ?? shortestString(term.rule.expand())
  }
}

interface Reached {
  readonly node: TrieNode
  readonly from?: Reached
  readonly byte: number
}

/** Breadth first, children in the order of their bytes. */
function shortestOfTrie(root: TrieNode): Uint8Array {
  let level: readonly Reached[] = [{ node: root, byte: 0 }]
  for (;;) {
    const found = level.find(({ node }) => node.end)
    if (found !== undefined) return pathTo(found)
    level = level.flatMap((from) =>
      [...from.node.children]
        .sort(([a], [b]) => a - b)
        .map(([byte, node]): Reached => ({ node, byte, from })),
    )
  }
}

function pathTo(end: Reached): Uint8Array {
  const path: number[] = []
  for (let at = end; at.from !== undefined; at = at.from) path.push(at.byte)
  return Uint8Array.from(path.reverse())
}

/** How long the shortest string is. */
export function leastLength(term: Term): number {
  return (term.leastLength ??= findLeastLength(term))
}

function findLeastLength(term: Term): number {
  switch (term.kind) {
    case 'seq':
      return leastLength(term.head) + leastLength(term.tail)
    case 'alt':
      return Math.min(...term.options.map(leastLength))
    case 'repeat':
      return term.min === 0 ? 0 : term.min * leastLength(term.item)
    default:
      return shortestString(term).length
  }
}

/** Shorter, or as long and first by byte value. */
export function precedes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length ? Buffer.compare(a, b) < 0 : a.length < b.length
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
