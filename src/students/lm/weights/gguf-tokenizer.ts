/** Rebuilds tokenizer.json and tokenizer_config.json from GGUF metadata. Byte-level BPE only. */
import type { TokenizerFiles } from '../types.ts'
import { chatMl, endOfTurnIds } from './end-of-turn.ts'
import { invalidFile, unsupported } from './fault.ts'
import type { GgufMetadata, GgufValue } from './gguf.ts'
import { preTokenizerKind, type PreTokenizerKind } from './pre-tokenizers.ts'

/** GGUF's token types that matter here; the others are ordinary entries of the vocabulary. */
const controlToken = 3
const userDefinedToken = 4

/** Throws MODEL_UNSUPPORTED for another kind of tokenizer, MODEL_FILE_INVALID where parts are missing or do not fit. */
export function tokenizerFromGguf(path: string, metadata: GgufMetadata): TokenizerFiles {
  const model = metadata.get('tokenizer.ggml.model')
  if (model !== 'gpt2') {
    throw unsupported(path, `has a tokenizer of the kind ${JSON.stringify(model ?? 'none')}; "gpt2" is read`)
  }
  const kind = preTokenizerKind(path, metadata.get('tokenizer.ggml.pre'))
  const tokens = texts(path, metadata, 'tokenizer.ggml.tokens')
  const merges = texts(path, metadata, 'tokenizer.ggml.merges')
  const vocabulary = new Map(tokens.map((token, id) => [token, id]))
  const special = specialTokens(path, metadata, tokens)
  const chatTemplate = templateOf(path, metadata, vocabulary)
  const beginsWith = addsBos(metadata, kind) ? special.bos : null
  const ids = ['tokenizer.ggml.eos_token_id', 'tokenizer.ggml.eot_token_id'].map((key) => metadata.get(key))
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: addedTokens(metadata, tokens),
      normalizer: kind.normalizer,
      pre_tokenizer: kind.preTokenizer,
      post_processor: postProcessor(beginsWith, vocabulary),
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: kind.ignoreMerges,
        vocab: Object.fromEntries(vocabulary),
        merges: merges.map((merge) => splitMerge(path, merge)),
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      add_prefix_space: false,
      clean_up_tokenization_spaces: false,
      bos_token: special.bos,
      eos_token: special.eos,
      pad_token: special.pad,
      add_bos_token: beginsWith !== null,
      add_eos_token: false,
    },
    chatTemplate,
    endOfTurnIds: endOfTurnIds({ idOf: (token) => vocabulary.get(token), chatTemplate, named: ids }),
  }
}

function texts(path: string, metadata: GgufMetadata, key: string): readonly string[] {
  const value = metadata.get(key)
  if (!Array.isArray(value) || !value.every((text) => typeof text === 'string')) {
    throw invalidFile(path, `has no list of texts ${key}`)
  }
  return value
}

function specialTokens(
  path: string,
  metadata: GgufMetadata,
  tokens: readonly string[],
): Readonly<Record<'bos' | 'eos' | 'pad', string | null>> {
  const tokenAt = (key: string): string | null => {
    const id: GgufValue | undefined = metadata.get(`tokenizer.ggml.${key}`)
    if (id === undefined) return null
    const token = typeof id === 'number' ? tokens[id] : undefined
    if (token === undefined) throw invalidFile(path, `names as ${key} ${JSON.stringify(id)}: no such token`)
    return token
  }
  const eos = tokenAt('eos_token_id')
  return { bos: tokenAt('bos_token_id'), eos, pad: tokenAt('padding_token_id') ?? eos }
}

function templateOf(path: string, metadata: GgufMetadata, vocabulary: ReadonlyMap<string, number>): string {
  const template = metadata.get('tokenizer.chat_template')
  if (typeof template === 'string') return template
  if (vocabulary.has('<|im_start|>') && vocabulary.has('<|im_end|>')) return chatMl
  throw unsupported(path, 'has no chat template', 'Use the variant of the model made for chats ("Instruct").')
}

/** Where the file does not say, what llama.cpp does: only Llama 3's texts begin with a mark. */
function addsBos(metadata: GgufMetadata, kind: PreTokenizerKind): boolean {
  return (metadata.get('tokenizer.ggml.add_bos_token') ?? kind.addsBos) === true
}

function addedTokens(metadata: GgufMetadata, tokens: readonly string[]): readonly object[] {
  const types = metadata.get('tokenizer.ggml.token_type')
  if (!Array.isArray(types)) return []
  return tokens.flatMap((content, id) => {
    const type: unknown = types[id]
    if (type !== controlToken && type !== userDefinedToken) return []
    const special = type === controlToken
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }]
  })
}

function postProcessor(bos: string | null, vocabulary: ReadonlyMap<string, number>): object | null {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true }
  if (bos === null) return byteLevel
  const mark = { SpecialToken: { id: bos, type_id: 0 } }
  const first = { Sequence: { id: 'A', type_id: 0 } }
  const second = { Sequence: { id: 'B', type_id: 1 } }
  const template = {
    type: 'TemplateProcessing',
    single: [mark, first],
    pair: [mark, first, { SpecialToken: { id: bos, type_id: 1 } }, second],
    special_tokens: { [bos]: { id: bos, ids: [vocabulary.get(bos)], tokens: [bos] } },
  }
  return { type: 'Sequence', processors: [byteLevel, template] }
}

/** The two parts never hold a space: byte-level BPE writes it as another letter. */
function splitMerge(path: string, merge: string): readonly [string, string] {
  const parts = merge.split(' ')
  if (parts.length !== 2)
    throw invalidFile(path, `has a merge that is not of two parts: ${JSON.stringify(merge)}`)
  return [parts[0], parts[1]]
}
