/**
 * Sets of byte strings as terms, and what is left of a set after a byte (Brzozowski 1964, "Derivatives of
 * regular expressions"): a term is at once a grammar and a state of its automaton, which is built only where
 * an answer walks. Equal terms are one object, so what is worked out for one is kept with it. No term but
 * `empty` is without strings: whatever has begun can be completed.
 */

export type Term =
  | (Common & { readonly kind: 'empty' | 'epsilon' })
  | (Common & { readonly kind: 'bytes'; readonly members: readonly number[] })
  | (Common & { readonly kind: 'trie'; readonly node: TrieNode })
  | (Common & { readonly kind: 'seq'; readonly head: Term; readonly tail: Term })
  | (Common & { readonly kind: 'alt'; readonly options: readonly Term[] })
  | (Common & { readonly kind: 'repeat'; readonly item: Term; readonly min: number; readonly max: number })
  | (Common & { readonly kind: 'lazy'; readonly rule: LazyRule })
  | (Common & { readonly kind: 'hole' })

interface Common {
  readonly id: number
  /** The empty string is among the strings. */
  readonly nullable: boolean
  /**
   * Begins with the hole: nothing can be said about what comes next before it is filled. A hole always
   * stands behind a quotation mark, never behind something that may be empty.
   */
  readonly open: boolean
  /** Speaks of one input, so that no other answer comes here. */
  readonly own: boolean
  /** By byte; filled as it is asked for. */
  readonly steps: (Term | undefined)[]
  firstBytes?: readonly number[]
  leastLength?: number
  shortest?: Uint16Array
}

type Facts = Pick<Common, 'nullable'> & Partial<Pick<Common, 'open' | 'own'>>

export interface TrieNode {
  readonly children: ReadonlyMap<number, TrieNode>
  readonly end: boolean
}

/** A set that is too large to be written out before it is needed. It is never empty. */
export interface LazyRule {
  readonly nullable: boolean
  readonly own: boolean
  /** What may follow the byte; `empty` where it may not come. */
  step(byte: number): Term
  first(): readonly number[]
  /** See `shortestString`. */
  shortest(): Uint16Array
}

/** Makes terms, each only once. */
export interface Terms {
  readonly empty: Term
  readonly epsilon: Term
  /** Stands for a set that differs from answer to answer: strings quoted from an input. */
  readonly hole: Term
  /** One byte of these. */
  bytes(members: readonly number[]): Term
  /** One of these byte strings. */
  strings(strings: readonly Uint8Array[]): Term
  seq(...parts: readonly Term[]): Term
  alt(options: readonly Term[]): Term
  /** From `min` to `max` items; `max` may be Infinity. */
  repeat(item: Term, min: number, max: number): Term
  /** Rules with the same key are the same. */
  lazy(key: string, rule: () => LazyRule): Term
  /** What may follow `byte`; `empty` where it may not come. Of an open term: fill it first. */
  step(term: Term, byte: number): Term
  /** The same term with `content` in place of the hole where it begins with it. */
  fill(term: Term, content: Term): Term
  /** How many terms there are so far. */
  readonly size: number
}

export function createTerms(): Terms {
  const interned = new Map<string, Term>()
  const tries = new Map<string, TrieNode>()
  const nodeIds = new Map<TrieNode, number>()
  const intern = (key: string, facts: Facts, make: (common: Common) => Term): Term => {
    const known = interned.get(key)
    if (known !== undefined) return known
    const { nullable, open = false, own = false } = facts
    const term = make({ id: interned.size, nullable, open, own, steps: [] })
    interned.set(key, term)
    return term
  }
  const empty = intern('empty', { nullable: false }, (common) => ({ ...common, kind: 'empty' }))
  const epsilon = intern('epsilon', { nullable: true }, (common) => ({ ...common, kind: 'epsilon' }))

  const hole = intern('hole', { nullable: false, open: true }, (common) => ({ ...common, kind: 'hole' }))

  const bytes = (members: readonly number[]): Term => {
    if (members.length === 0) return empty
    const sorted = [...new Set(members)].sort((a, b) => a - b)
    return intern(`bytes ${sorted.join(' ')}`, { nullable: false }, (common) => ({
      ...common,
      kind: 'bytes',
      members: sorted,
    }))
  }
  const trie = (node: TrieNode): Term => {
    if (node.children.size === 0) return node.end ? epsilon : empty
    const id = nodeIds.get(node) ?? nodeIds.size
    nodeIds.set(node, id)
    return intern(`trie ${id}`, { nullable: node.end }, (common) => ({ ...common, kind: 'trie', node }))
  }
  const pair = (head: Term, tail: Term): Term => {
    if (head === empty || tail === empty) return empty
    if (head === epsilon) return tail
    if (tail === epsilon) return head
    if (head.kind === 'seq') return pair(head.head, pair(head.tail, tail))
    const facts = {
      nullable: head.nullable && tail.nullable,
      open: head.open,
      own: head.own || tail.own,
    }
    return intern(`seq ${head.id} ${tail.id}`, facts, (common) => ({ ...common, kind: 'seq', head, tail }))
  }
  const alt = (options: readonly Term[]): Term => {
    const flat = options.flatMap((option) => (option.kind === 'alt' ? option.options : [option]))
    const kept = [...new Set(flat)].filter((option) => option !== empty).sort((a, b) => a.id - b.id)
    if (kept.length < 2) return kept[0] ?? empty
    const facts = {
      nullable: kept.some((option) => option.nullable),
      open: kept.some((option) => option.open),
      own: kept.some((option) => option.own),
    }
    const key = `alt ${kept.map((option) => option.id).join(' ')}`
    return intern(key, facts, (common) => ({ ...common, kind: 'alt', options: kept }))
  }
  const repeat = (item: Term, min: number, max: number): Term => {
    if (max === 0 || item === epsilon) return epsilon
    if (item === empty) return min === 0 ? epsilon : empty
    if (min === 1 && max === 1) return item
    // An item that may be empty can make up any number of items.
    const least = item.nullable ? 0 : min
    return intern(
      `repeat ${item.id} ${least} ${max}`,
      { nullable: least === 0, own: item.own },
      (common) => ({
        ...common,
        kind: 'repeat',
        item,
        min: least,
        max,
      }),
    )
  }
  const derive = (term: Term, byte: number): Term => {
    switch (term.kind) {
      case 'empty':
      case 'epsilon':
        return empty
      case 'bytes':
        return term.members.includes(byte) ? epsilon : empty
      case 'trie': {
        const child = term.node.children.get(byte)
        return child === undefined ? empty : trie(child)
      }
      case 'seq': {
        const first = pair(step(term.head, byte), term.tail)
        return term.head.nullable ? alt([first, step(term.tail, byte)]) : first
      }
      case 'alt':
        return alt(term.options.map((option) => step(option, byte)))
      case 'repeat':
        return pair(step(term.item, byte), repeat(term.item, Math.max(0, term.min - 1), term.max - 1))
      case 'lazy':
        return term.rule.step(byte)
      default:
        throw new Error('terms: the hole has no bytes before it is filled')
    }
  }
  const step = (term: Term, byte: number): Term => (term.steps[byte] ??= derive(term, byte))

  const fill = (term: Term, content: Term): Term => {
    if (!term.open) return term
    switch (term.kind) {
      case 'hole':
        return content
      case 'seq':
        return pair(fill(term.head, content), term.tail)
      case 'alt':
        return alt(term.options.map((option) => fill(option, content)))
      default:
        return term
    }
  }

  return {
    empty,
    epsilon,
    hole,
    bytes,
    strings(strings) {
      const key = strings.map((string) => Buffer.from(string).toString('hex')).join(' ')
      const root = tries.get(key) ?? buildTrie(strings)
      tries.set(key, root)
      return trie(root)
    },
    seq: (...parts) => parts.reduceRight((tail, head) => pair(head, tail), epsilon),
    alt,
    repeat,
    lazy(key, rule) {
      const known = interned.get(`lazy ${key}`)
      if (known !== undefined) return known
      const made = rule()
      return intern(`lazy ${key}`, made, (common) => ({ ...common, kind: 'lazy', rule: made }))
    },
    step,
    fill,
    get size() {
      return interned.size
    },
  }
}

interface GrowingNode extends TrieNode {
  readonly children: Map<number, GrowingNode>
  end: boolean
}

function buildTrie(strings: readonly Uint8Array[]): TrieNode {
  const root: GrowingNode = { children: new Map(), end: false }
  for (const string of strings) {
    let node = root
    for (const byte of string) {
      const child = node.children.get(byte) ?? { children: new Map<number, GrowingNode>(), end: false }
      node.children.set(byte, child)
      node = child
    }
    node.end = true
  }
  return root
}
