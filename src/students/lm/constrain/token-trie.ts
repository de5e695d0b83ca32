/** The vocabulary by its bytes: which tokens a term lets come next, and how few tokens write a string. */
import type { TextTokenizer } from '../text/tokenizer.ts'
import { holeMark } from './term-facts.ts'
import type { Term } from './terms.ts'

/**
 * The nodes of a trie in preorder, each with the byte that leads to it; without special tokens, which are no
 * text, and tokens without bytes.
 */
export interface TokenTrie {
  readonly bytes: Uint8Array
  /** Bytes from the root to this node, its own included. */
  readonly depths: Uint16Array
  /** The node after this one's last descendant. */
  readonly ends: Int32Array
  /** The tokens of node n are `tokens` from `firstToken[n]` to before `firstToken[n + 1]`. */
  readonly firstToken: Int32Array
  readonly tokens: Int32Array
  /** By byte: whether one token is just this byte. */
  readonly writable: readonly boolean[]
  /** Tokens that write nothing: special ones, ends of turn, ids without a token. */
  readonly silent: ReadonlySet<number>
}

const tries = new WeakMap<TextTokenizer, TokenTrie>()

/** Built once a tokenizer. */
export function tokenTrie(tokenizer: TextTokenizer): TokenTrie {
  const trie = tries.get(tokenizer) ?? buildTrie(tokenizer)
  tries.set(tokenizer, trie)
  return trie
}

function buildTrie(tokenizer: TextTokenizer): TokenTrie {
  const ids = Array.from({ length: tokenizer.vocabularySize }, (_, id) => id)
  const silent = new Set([
    ...tokenizer.specialIds.values(),
    ...tokenizer.endOfTurnIds,
    ...ids.filter((id) => tokenizer.tokenBytes(id).length === 0),
  ])
  const tokens = ids
    .filter((id) => !silent.has(id))
    .map((id) => ({ id, text: Buffer.from(tokenizer.tokenBytes(id)) }))
    .sort((a, b) => Buffer.compare(a.text, b.text) || a.id - b.id)
  const bytes: number[] = []
  const depths: number[] = []
  const ends: number[] = []
  const firstToken: number[] = []
  // The nodes from the root to the token before, and its bytes.
  let path: number[] = []
  let before = Buffer.alloc(0)
  tokens.forEach(({ text }, index) => {
    const shared = sharedLength(before, text)
    for (const node of path.slice(shared)) ends[node] = bytes.length
    path = path.slice(0, shared)
    for (let depth = shared; depth < text.length; depth++) {
      path.push(bytes.length)
      bytes.push(text[depth])
      depths.push(depth + 1)
      firstToken.push(index)
    }
    before = text
  })
  for (const node of path) ends[node] = bytes.length
  firstToken.push(tokens.length)
  const single = new Set(tokens.filter(({ text }) => text.length === 1).map(({ text }) => text[0]))
  return {
    bytes: Uint8Array.from(bytes),
    depths: Uint16Array.from(depths),
    ends: Int32Array.from(ends),
    firstToken: Int32Array.from(firstToken),
    tokens: Int32Array.from(tokens, ({ id }) => id),
    writable: Array.from({ length: 256 }, (_, byte) => single.has(byte)),
    silent,
  }
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}

/** Calls `take` for each token that may come next, with what may follow it; `step` gives null where nothing may. */
export function walkTokens(
  trie: TokenTrie,
  step: (term: Term, byte: number) => Term | null,
  start: Term,
  take: (token: number, after: Term) => void,
): void {
  const { bytes, depths, ends, firstToken, tokens } = trie
  const path: Term[] = [start]
  for (let node = 0; node < bytes.length;) {
    const depth = depths[node]
    const term = step(path[depth - 1], bytes[node])
    if (term === null) {
      node = ends[node]
      continue
    }
    path[depth] = term
    for (let at = firstToken[node]; at < firstToken[node + 1]; at++) take(tokens[at], term)
    node++
  }
}

/** Tokens that write a shortest string: so many, and those of the quotes that its holes take. */
export interface TokenCount {
  /** Infinity where the vocabulary cannot write it. */
  readonly tokens: number
  readonly quotes: number
}

/** Each token the longest that fits; none crosses a mark. */
export function countLongestTokens(trie: TokenTrie, string: Uint16Array): TokenCount {
  let tokens = 0
  let quotes = 0
  for (let at = 0; at < string.length;) {
    if (string[at] > 255) {
      if (string[at] === holeMark) quotes++
      at++
      continue
    }
    const length = longestTokenAt(trie, string, at)
    if (length === 0) return { tokens: Infinity, quotes }
    tokens++
    at += length
  }
  return { tokens, quotes }
}

function longestTokenAt({ bytes, ends, firstToken }: TokenTrie, text: Uint16Array, start: number): number {
  let longest = 0
  let [node, end] = [0, bytes.length]
  for (let at = start; at < text.length; at++) {
    while (node < end && bytes[node] < text[at]) node = ends[node]
    if (node >= end || bytes[node] !== text[at]) break
    if (firstToken[node + 1] > firstToken[node]) longest = at + 1 - start
    end = ends[node]
    node++
  }
  return longest
}
