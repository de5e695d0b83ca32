/** A byte-level BPE tokenizer: text to ids and back, the bytes of each token, and decoding as tokens arrive. */
import { Tokenizer } from '@huggingface/tokenizers'
import { messageOf, PotstillError } from '../../../core/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts'
import type { TokenizerFiles } from '../types.ts'
import { exactPreTokenizer } from './pre-tokenizer.ts'
import { bytesOfToken } from './token-bytes.ts'

export interface TextTokenizer {
  /** One more than the largest id; the model's own V may be larger, for it is often padded. */
  readonly vocabularySize: number
  /** The model's, of which the first is trained. */
  readonly endOfTurnIds: readonly number[]
  /** Tokens that steer and are no text, such as "<|im_end|>", by their text. */
  readonly specialIds: ReadonlyMap<string, number>
  /**
   * Without `special`, a special token's text in `text` is text like any other: the form for whatever a user
   * wrote. With it, it becomes the token: the form for a template's own text. Nothing is added at either end.
   */
  encode(text: string, options?: { readonly special?: boolean }): Int32Array
  /** Special tokens appear as their text; bytes that are no UTF-8 as U+FFFD. */
  decode(ids: Iterable<number>): string
  /** The exact bytes that a token stands for; none for ids without a token. The array is shared: read only. */
  tokenBytes(id: number): Uint8Array
  /** Decodes tokens one by one. */
  streamDecoder(): StreamDecoder
  /**
   * Lengths in bytes of the pieces within which tokens are formed: no token crosses from one into the next.
   * Null where `encode` would not see `text` as it stands (added tokens in it, Unicode normalising).
   */
  pieceLengths(text: string): readonly number[] | null
}

/** What is used of the library, whose own declarations do not resolve under Node's rules for modules. */
interface LibraryTokenizer {
  readonly normalizer: { normalize(text: string): string } | null
  readonly pre_tokenizer: { pre_tokenize(text: string): readonly string[] } | null
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: readonly number[] }
  get_added_tokens_decoder(): ReadonlyMap<
    number,
    { readonly id: number; readonly content: string; readonly special: boolean }
  >
  get_vocab(): ReadonlyMap<string | undefined, number>
}

export interface StreamDecoder {
  /** Whole characters only: bytes of a character that is not complete yet wait for the next token. */
  push(id: number): string
  /** What is left when no token follows: U+FFFD for an incomplete character, else "". */
  end(): string
}

/** Throws MODEL_UNSUPPORTED for anything but byte-level BPE, MODEL_FILE_INVALID where the files make no tokenizer. */
export function createTokenizer(files: TokenizerFiles): TextTokenizer {
  const definition = readDefinition(files.tokenizer as JsonObject)
  const full = build(definition, files.config)
  const added = [...full.get_added_tokens_decoder().values()]
  const special = added.filter((token) => token.special)
  const addedTexts = added.map((token) => token.content)
  const tokens = tokenTable(full)
  const addedIds = new Set(added.map((token) => token.id))
  const bytes = tokens.map((token, id) =>
    addedIds.has(id) ? new TextEncoder().encode(token) : bytesOfToken(token),
  )
  // Made only when a text holds a special token's: a second copy of the tables takes time and memory.
  let plain: LibraryTokenizer | null = null
  const plainTokenizer = (): LibraryTokenizer =>
    (plain ??= build(withoutSpecial(definition, new Set(special.map((token) => token.id))), files.config))
  const encoderFor = (text: string, withSpecial: boolean): LibraryTokenizer =>
    withSpecial || !special.some((token) => text.includes(token.content)) ? full : plainTokenizer()
  const tokenBytes = (id: number): Uint8Array => bytes[id] ?? noBytes
  return {
    vocabularySize: tokens.length,
    endOfTurnIds: files.endOfTurnIds,
    specialIds: new Map(special.map((token) => [token.content, token.id])),
    encode(text, options = {}) {
      if (text === '') return new Int32Array(0)
      const tokenizer = encoderFor(text, options.special === true)
      return Int32Array.from(tokenizer.encode(text, { add_special_tokens: false }).ids)
    },
    decode: (ids) => utf8Decoder().decode(joinBytes(Array.from(ids, tokenBytes))),
    tokenBytes,
    streamDecoder() {
      const decoder = utf8Decoder()
      return {
        push: (id) => decoder.decode(tokenBytes(id), { stream: true }),
        end: () => decoder.decode(),
      }
    },
    pieceLengths(text) {
      if (addedTexts.some((content) => text.includes(content))) return null
      if (full.normalizer !== null && full.normalizer.normalize(text) !== text) return null
      return full.pre_tokenizer?.pre_tokenize(text).map((piece) => piece.length) ?? null
    },
  }
}

const noBytes = new Uint8Array(0)

/** A byte order mark is a character of the text like any other. */
function utf8Decoder() {
  return new TextDecoder('utf-8', { ignoreBOM: true })
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

function tokenTable(tokenizer: LibraryTokenizer): string[] {
  const ids = tokenizer.get_vocab()
  const tokens: string[] = []
  for (const [token, id] of ids) if (token !== undefined) tokens[id] = token
  return Array.from(tokens, (token) => token ?? '')
}

function readDefinition(tokenizer: JsonObject): JsonObject {
  const { model } = tokenizer
  if (!isJsonObject(model) || !isJsonObject(model.vocab) || !Array.isArray(model.merges)) {
    throw new PotstillError('MODEL_UNSUPPORTED', `tokenizer: ${shownModel(model)} is not byte-pair encoding`)
  }
  if (!mentions(tokenizer.decoder, 'ByteLevel') || !mentions(tokenizer.pre_tokenizer, 'ByteLevel')) {
    throw new PotstillError('MODEL_UNSUPPORTED', 'tokenizer: only byte-level vocabularies are read')
  }
  return {
    ...tokenizer,
    added_tokens: tokenizer.added_tokens ?? [],
    pre_tokenizer: exactPreTokenizer(tokenizer.pre_tokenizer),
  }
}

function shownModel(model: Json | undefined): string {
  return isJsonObject(model) ? `model type ${JSON.stringify(model.type ?? null)}` : 'the model'
}

/** Steps may be nested in a Sequence. */
function mentions(step: Json | undefined, type: string): boolean {
  if (Array.isArray(step)) return step.some((inner: Json) => mentions(inner, type))
  return (
    isJsonObject(step) && (step.type === type || Object.values(step).some((inner) => mentions(inner, type)))
  )
}

function withoutSpecial(definition: JsonObject, special: ReadonlySet<number>): JsonObject {
  const model = definition.model as JsonObject
  const vocabulary = Object.entries(model.vocab as JsonObject).filter(([, id]) => !special.has(id as number))
  const added = (definition.added_tokens as JsonObject[]).filter((token) => token.special !== true)
  return { ...definition, added_tokens: added, model: { ...model, vocab: Object.fromEntries(vocabulary) } }
}

function build(definition: JsonObject, config: TokenizerFiles['config']): LibraryTokenizer {
  try {
    // The library adds names from here to its special tokens by itself; tokenizer.json has them already.
    return new Tokenizer(definition, { ...config, additional_special_tokens: [] }) as LibraryTokenizer
  } catch (error) {
    throw new PotstillError('MODEL_FILE_INVALID', `tokenizer: ${messageOf(error)}`, { cause: error })
  }
}
