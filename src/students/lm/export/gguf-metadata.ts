/** What a GGUF file says about a model beside its weights: architecture, tokenizer, chat template. */
import { canonicalJson, isJsonObject } from '../../../core/json.ts'
import type { Architecture, TokenizerFiles } from '../types.ts'
import { unsupported } from '../weights/fault.ts'
import { preTokenizerNameOf } from '../weights/pre-tokenizers.ts'
import { tokenText } from '../weights/token-text.ts'
import type { GgufField } from './gguf-writer.ts'

type Fields = Readonly<Record<string, GgufField>>

const u32 = (value: number): GgufField => ({ type: 'u32', value })
const f32 = (value: number): GgufField => ({ type: 'f32', value })
const bool = (value: boolean): GgufField => ({ type: 'bool', value })
const text = (value: string): GgufField => ({ type: 'text', value })

export function architectureFields(architecture: Architecture): Fields {
  const { family, headSize } = architecture
  const fields: Fields = {
    block_count: u32(architecture.layers),
    context_length: u32(architecture.contextLength),
    embedding_length: u32(architecture.hiddenSize),
    feed_forward_length: u32(architecture.feedForwardSize),
    'attention.head_count': u32(architecture.heads),
    'attention.head_count_kv': u32(architecture.keyValueHeads),
    'attention.key_length': u32(headSize),
    'attention.value_length': u32(headSize),
    'attention.layer_norm_rms_epsilon': f32(architecture.normEpsilon),
    'rope.freq_base': f32(architecture.ropeTheta),
    'rope.dimension_count': u32(headSize),
    vocab_size: u32(architecture.vocabularySize),
  }
  return {
    'general.architecture': text(family),
    ...Object.fromEntries(Object.entries(fields).map(([key, field]) => [`${family}.${key}`, field])),
  }
}

/** GGUF's token types. */
const ordinary = 1
const control = 3
const userDefined = 4
const unused = 5

/** `path` is the model's, for errors. Throws MODEL_UNSUPPORTED where GGUF has no word for what the tokenizer does. */
export function tokenizerFields(path: string, files: TokenizerFiles, vocabularySize: number): Fields {
  const { tokenizer, config, chatTemplate, endOfTurnIds } = files
  const model = tokenizer.model
  if (
    !isJsonObject(model) ||
    model.type !== 'BPE' ||
    !isJsonObject(model.vocab) ||
    !Array.isArray(model.merges)
  ) {
    throw unsupported(path, 'has a tokenizer that is not BPE: there is no GGUF of it')
  }
  const pre = preTokenizerNameOf(tokenizer)
  if (pre === null) {
    const found = canonicalJson(tokenizer.pre_tokenizer).slice(0, 200)
    throw unsupported(path, `cuts text into words in a way that GGUF has no name for: ${found}`)
  }
  const { tokens, types, ids } = tokenTable(tokenizer, model.vocab, vocabularySize)
  const idOf = (key: string): number | undefined => ids.get(tokenText(config[key]) ?? '')
  const bos = leadingToken(tokenizer.post_processor)
  return {
    'tokenizer.ggml.model': text('gpt2'),
    'tokenizer.ggml.pre': text(pre),
    'tokenizer.ggml.tokens': { type: 'texts', value: tokens },
    'tokenizer.ggml.token_type': { type: 'i32s', value: types },
    'tokenizer.ggml.merges': { type: 'texts', value: model.merges.map(mergeText) },
    ...idField('bos_token_id', bos === null ? idOf('bos_token') : ids.get(bos)),
    ...idField('eos_token_id', endOfTurnIds[0]),
    ...idField('padding_token_id', idOf('pad_token')),
    'tokenizer.ggml.add_bos_token': bool(bos !== null),
    'tokenizer.ggml.add_space_prefix': bool(false),
    'tokenizer.chat_template': text(chatTemplate),
  }
}

function idField(key: string, id: number | undefined): Fields {
  return id === undefined ? {} : { [`tokenizer.ggml.${key}`]: u32(id) }
}

interface TokenTable {
  readonly tokens: readonly string[]
  readonly types: readonly number[]
  readonly ids: ReadonlyMap<string, number>
}

/** Exactly vocabularySize entries: ids that no token has are marked as unused. */
function tokenTable(
  tokenizer: TokenizerFiles['tokenizer'],
  vocabulary: Readonly<Record<string, unknown>>,
  vocabularySize: number,
): TokenTable {
  const tokens = Array.from({ length: vocabularySize }, (_, id) => `[PAD${id}]`)
  const types = tokens.map(() => unused)
  const ids = new Map<string, number>()
  const enter = (token: unknown, id: unknown, type: number): void => {
    if (typeof token !== 'string' || typeof id !== 'number' || !(id >= 0 && id < vocabularySize)) return
    tokens[id] = token
    types[id] = type
    ids.set(token, id)
  }
  for (const [token, id] of Object.entries(vocabulary)) enter(token, id, ordinary)
  for (const added of listOf(tokenizer.added_tokens)) {
    if (isJsonObject(added)) enter(added.content, added.id, added.special === true ? control : userDefined)
  }
  return { tokens, types, ids }
}

/** Newer files have pairs, older ones a text with a space. */
const mergeText = (merge: unknown): string =>
  Array.isArray(merge) ? merge.join(' ') : typeof merge === 'string' ? merge : ''

/** The text of the token that every encoded text begins with, or null. */
function leadingToken(postProcessor: unknown): string | null {
  if (!isJsonObject(postProcessor)) return null
  const inner = listOf(postProcessor.processors).map(leadingToken)
  const first = listOf(postProcessor.single)[0]
  if (!isJsonObject(first) || !isJsonObject(first.SpecialToken)) {
    return inner.find((token) => token !== null) ?? null
  }
  const { id } = first.SpecialToken
  return typeof id === 'string' ? id : null
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
