/** Holds an answer to a JSON Schema or to labels, token by token: whatever is written is valid, and ends. */
import { PotstillError } from '../../../core/errors.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { TextTokenizer } from '../text/tokenizer.ts'
import type { ConstraintSource, TokenConstraint } from '../types.ts'
import { isWritable, type Alphabet } from './characters.ts'
import { compileSchema } from './compile-schema.ts'
import { findForcedTokens } from './forced-tokens.ts'
import { createMasks, type Masks } from './masks.ts'
import { concatenate } from './term-facts.ts'
import { createTerms, type Term, type Terms } from './terms.ts'
import { tokenTrie } from './token-trie.ts'

/** What constraints of one source share. */
interface Grammar {
  readonly terms: Terms
  readonly start: Term
  readonly masks: Masks
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
 * Cheap for a source that was seen before: its states and their masks are kept with the tokenizer, but for
 * those of schemas that quote from an input, of which each input has its own.
 */
export function createConstraint(source: ConstraintSource, tokenizer: TextTokenizer): AnswerConstraint {
  const grammar = grammarOf(source, tokenizer)
  return begin(grammar, tokenizer)
}

function grammarOf(source: ConstraintSource, tokenizer: TextTokenizer): Grammar {
  const kept = grammars.get(tokenizer) ?? new Map<string, Grammar>()
  grammars.set(tokenizer, kept)
  const key = JSON.stringify(source.kind === 'json' && !quotes(source) ? { ...source, input: '' } : source)
  const known = kept.get(key)
  kept.delete(key)
  const grammar = known === undefined || known.terms.size > mostTerms ? compile(source, tokenizer) : known
  kept.set(key, grammar)
  for (const oldest of kept.keys()) if (kept.size > keptGrammars) kept.delete(oldest)
  return grammar
}

function quotes(source: ConstraintSource): boolean {
  return source.kind === 'json' && JSON.stringify(source.schema).includes('"x-quoted":true')
}

function compile(source: ConstraintSource, tokenizer: TextTokenizer): Grammar {
  const terms = createTerms()
  const trie = tokenTrie(tokenizer)
  const alphabet: Alphabet = { terms, writable: trie.writable }
  const start =
    source.kind === 'json'
      ? compileSchema(alphabet, source.schema as JsonObject, source.input)
      : labelsTerm(alphabet, source.labels)
  const words = Math.ceil(tokenizer.vocabularySize / 32)
  return { terms, start, masks: createMasks(terms, trie, words, tokenizer.endOfTurnIds), forced: new Map() }
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

function begin(grammar: Grammar, tokenizer: TextTokenizer): AnswerConstraint {
  const { terms, start, masks } = grammar
  let state = start
  let ended = false
  let written: Uint8Array = new Uint8Array(0)
  return {
    shortestTokens: masks.tokensToEnd(start),
    get complete() {
      return ended || state === terms.epsilon
    },
    allowed: (remaining) => masks.allowed(ended ? terms.epsilon : state, remaining),
    forced(remaining) {
      if (ended) return []
      written = recent(tokenizer, written)
      const tokens = forcedAt(grammar, tokenizer, written, state)
      const after = walk(grammar, tokenizer, state, tokens)
      const left = (remaining ?? Infinity) - tokens.length
      return masks.tokensToEnd(after) <= left ? tokens : []
    },
    advance(token) {
      if (tokenizer.endOfTurnIds.includes(token) && (ended || state.nullable)) {
        ended = true
        return
      }
      const next = ended ? terms.empty : walk(grammar, tokenizer, state, [token])
      if (next === terms.empty) {
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

/** The state after these tokens; `empty` where one of them may not come. */
function walk({ terms }: Grammar, tokenizer: TextTokenizer, start: Term, tokens: readonly number[]): Term {
  const { silent } = tokenTrie(tokenizer)
  let state = start
  for (const token of tokens) {
    if (silent.has(token)) return terms.empty
    for (const byte of tokenizer.tokenBytes(token)) state = terms.step(state, byte)
  }
  return state
}

function forcedAt(
  { terms, forced }: Grammar,
  tokenizer: TextTokenizer,
  written: Uint8Array,
  state: Term,
): readonly number[] {
  const key = `${state.id} ${Buffer.from(written).toString('latin1')}`
  const known = forced.get(key)
  if (known !== undefined) return known
  if (forced.size >= mostForced) forced.clear()
  const found = findForcedTokens(tokenizer, terms, written, state)
  forced.set(key, found)
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
