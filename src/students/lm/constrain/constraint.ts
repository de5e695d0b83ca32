/** Holds an answer to a JSON Schema or to labels, token by token: whatever is written is valid, and ends. */
import { PotstillError } from '../../../core/errors.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { TextTokenizer } from '../text/tokenizer.ts'
import type { ConstraintSource, TokenConstraint } from '../types.ts'
import { createBinding, type Binding } from './binding.ts'
import { isWritable, type Alphabet } from './characters.ts'
import { compileSchema } from './compile-schema.ts'
import { findForcedTokens } from './forced-tokens.ts'
import { createMasks, type SharedMasks } from './masks.ts'
import { quotedTerm } from './quoted.ts'
import { concatenate } from './term-facts.ts'
import { createTerms, type Term } from './terms.ts'
import { tokenTrie } from './token-trie.ts'

/** What constraints of one schema, or of the same labels, share. */
interface Grammar {
  readonly alphabet: Alphabet
  readonly start: Term
  readonly shared: SharedMasks
  readonly forced: Map<string, readonly number[]>
}

const keptGrammars = 16
/** A grammar grows with the answers it has seen; above this a new one is begun. */
const mostTerms = 200_000
const mostForced = 5_000
/** Pieces are told apart by a few characters. */
const contextBytes = 24

const grammars = new WeakMap<TextTokenizer, Map<string, Grammar>>()

/** A constraint at the start of an answer. */
export interface AnswerConstraint extends TokenConstraint {
  /** How many tokens a shortest answer takes at most: with that many, an answer is always valid. */
  readonly shortestTokens: number
}

/**
 * Throws SCHEMA_INVALID where the schema says what an answer cannot be held to, or no value can be written.
 * Cheap for a schema that was seen before: its states and their masks are kept with the tokenizer, but for
 * those inside of quotes, of which each input has its own. Strings marked x-quoted are quotes where an input
 * is given that has words to quote, else any strings.
 */
export function createConstraint(source: ConstraintSource, tokenizer: TextTokenizer): AnswerConstraint {
  const trie = tokenTrie(tokenizer)
  const input = inputToQuote(source)
  if (input !== null) {
    const grammar = grammarOf(source, tokenizer, true)
    const { terms } = grammar.alphabet
    const content = quotedTerm(grammar.alphabet, input, String(terms.size))
    if (content !== terms.empty) return begin(grammar, tokenizer, createBinding(terms, trie, content))
  }
  const grammar = grammarOf(source, tokenizer, false)
  const { terms } = grammar.alphabet
  return begin(grammar, tokenizer, createBinding(terms, trie, terms.empty))
}

function inputToQuote(source: ConstraintSource): string | null {
  if (source.kind !== 'json' || source.input === undefined) return null
  return JSON.stringify(source.schema).includes('"x-quoted":true') ? source.input : null
}

function grammarOf(source: ConstraintSource, tokenizer: TextTokenizer, quotes: boolean): Grammar {
  const kept = grammars.get(tokenizer) ?? new Map<string, Grammar>()
  grammars.set(tokenizer, kept)
  const key = JSON.stringify(source.kind === 'json' ? [source.schema, quotes] : source.labels)
  const known = kept.get(key)
  kept.delete(key)
  const isUsable = known !== undefined && known.alphabet.terms.size <= mostTerms
  const grammar = isUsable ? known : compile(source, tokenizer, quotes)
  kept.set(key, grammar)
  for (const oldest of kept.keys()) if (kept.size > keptGrammars) kept.delete(oldest)
  return grammar
}

function compile(source: ConstraintSource, tokenizer: TextTokenizer, quotes: boolean): Grammar {
  const alphabet: Alphabet = { terms: createTerms(), writable: tokenTrie(tokenizer).writable }
  const start =
    source.kind === 'json'
      ? compileSchema(alphabet, source.schema as JsonObject, quotes)
      : labelsTerm(alphabet, source.labels)
  return { alphabet, start, shared: { masks: new Map(), counts: new Map() }, forced: new Map() }
}

function labelsTerm(alphabet: Alphabet, labels: readonly string[]): Term {
  const unwritable = labels.find((label) => !isWritable(alphabet, label))
  if (labels.length > 0 && unwritable === undefined) {
    return alphabet.terms.strings(labels.map((label) => new TextEncoder().encode(label)))
  }
  const problem =
    unwritable === undefined
      ? 'give at least one label'
      : `the model's vocabulary cannot write ${JSON.stringify(unwritable)}`
  throw new PotstillError('SCHEMA_INVALID', `labels: ${problem}`)
}

function begin(grammar: Grammar, tokenizer: TextTokenizer, binding: Binding): AnswerConstraint {
  const { terms } = grammar.alphabet
  const masks = createMasks(grammar.shared, {
    trie: tokenTrie(tokenizer),
    binding,
    words: Math.ceil(tokenizer.vocabularySize / 32),
    endIds: tokenizer.endOfTurnIds,
  })
  let state = binding.bind(grammar.start)
  let ended = false
  let written: Uint8Array = new Uint8Array(0)
  return {
    shortestTokens: masks.tokensToEnd(state),
    get complete() {
      return ended || state === terms.epsilon
    },
    allowed: (remaining) => masks.allowed(ended ? terms.epsilon : state, remaining),
    forced(remaining) {
      if (ended) return []
      written = recent(tokenizer, written)
      const tokens = forcedAt(grammar, tokenizer, binding, written, state)
      if (tokens.length === 0 || remaining === undefined) return tokens
      const after = walk(tokenizer, binding, state, tokens)
      return after !== null && masks.tokensToEnd(after) <= remaining - tokens.length ? tokens : []
    },
    advance(token) {
      if (tokenizer.endOfTurnIds.includes(token) && (ended || state.nullable)) {
        ended = true
        return
      }
      const next = ended ? null : walk(tokenizer, binding, state, [token])
      if (next === null) {
        const [shown, before] = [tokenizer.decode([token]), Buffer.from(written).toString('utf8')]
        throw new Error(
          `constraint: token ${token}, ${JSON.stringify(shown)}, may not come after ${JSON.stringify(before)}`,
        )
      }
      state = next
      written = concatenate([written, tokenizer.tokenBytes(token)])
    },
  }
}

/** The state after these tokens; null where one of them may not come. */
function walk(
  tokenizer: TextTokenizer,
  { step }: Binding,
  start: Term,
  tokens: readonly number[],
): Term | null {
  const { silent } = tokenTrie(tokenizer)
  let state: Term | null = start
  for (const token of tokens) {
    if (silent.has(token)) return null
    for (const byte of tokenizer.tokenBytes(token)) state = state && step(state, byte)
  }
  return state
}

function forcedAt(
  { forced }: Grammar,
  tokenizer: TextTokenizer,
  binding: Binding,
  written: Uint8Array,
  state: Term,
): readonly number[] {
  const key = `${state.id} ${Buffer.from(written).toString('latin1')}`
  const known = forced.get(key)
  if (known !== undefined) return known
  const { filled } = binding
  const found = findForcedTokens(tokenizer, binding, written, state)
  if (forced.size >= mostForced) forced.clear()
  if (!state.own && binding.filled === filled) forced.set(key, found)
  return found
}

/** The end of what was written, from where a piece begins: what stands before does not change how it is cut. */
function recent(tokenizer: TextTokenizer, written: Uint8Array): Uint8Array {
  if (written.length <= 2 * contextBytes) return written
  const lengths = tokenizer.pieceLengths(Buffer.from(written).toString('utf8')) ?? []
  let start = 0
  for (const length of lengths) {
    if (start + length > written.length - contextBytes) break
    start += length
  }
  return written.slice(start)
}
