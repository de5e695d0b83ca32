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
    case 'lazy':
      return term.rule.first()
    default:
      throw new Error('firstBytes: the hole has no bytes before it is filled')
  }
}

/** In a shortest string: here the hole's content comes. */
export const holeMark = 256
/** In a shortest string: here a quote from an input ends. A token that counts does not cross it. */
export const quoteEndMark = 257
/** How long either counts as, so that an answer that can do without a quote is the shorter one. */
const markLength = 1000

/**
 * Of the shortest strings of a set that is not empty, the first by byte value; as bytes and marks. So chosen,
 * the shortest string after a step along it is its own rest, on which the count of tokens to the end relies.
 */
export function shortestString(term: Term): Uint16Array {
  return (term.shortest ??= findShortest(term))
}

function findShortest(term: Term): Uint16Array {
  switch (term.kind) {
    case 'empty':
      throw new Error('shortestString: the set is empty')
    case 'epsilon':
      return new Uint16Array(0)
    case 'bytes':
      return Uint16Array.of(term.members[0])
    case 'trie':
      return shortestOfTrie(term.node)
    case 'seq':
      return joined([shortestString(term.head), shortestString(term.tail)])
    case 'alt':
      return firstOf(term.options.map(shortestString))
    case 'repeat':
      return joined(Array.from({ length: term.min }, () => shortestString(term.item)))
    case 'lazy':
      return term.rule.shortest()
    default:
      return Uint16Array.of(holeMark)
  }
}

function joined(parts: readonly Uint16Array[]): Uint16Array {
  const all = new Uint16Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** The shortest; of several the first by value. */
export function firstOf(strings: readonly Uint16Array[]): Uint16Array {
  return strings.reduce((best, other) => (precedes(other, best) ? other : best))
}

function precedes(a: Uint16Array, b: Uint16Array): boolean {
  const [length, other] = [lengthOf(a), lengthOf(b)]
  if (length !== other) return length < other
  const differs = a.findIndex((value, index) => value !== b[index])
  return differs >= 0 && a[differs] < b[differs]
}

function lengthOf(string: Uint16Array): number {
  let length = string.length
  for (const value of string) if (value > 255) length += markLength - 1
  return length
}

interface Reached {
  readonly node: TrieNode
  readonly from?: Reached
  readonly byte: number
}

/** Breadth first, children in the order of their bytes. */
function shortestOfTrie(root: TrieNode): Uint16Array {
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

function pathTo(end: Reached): Uint16Array {
  const path: number[] = []
  for (let at = end; at.from !== undefined; at = at.from) path.push(at.byte)
  return Uint16Array.from(path.reverse())
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

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
