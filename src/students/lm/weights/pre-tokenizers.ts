/** The ways in which text is cut before byte-level BPE, by GGUF's names, as tokenizer.json writes them. */
import { canonicalJson, isJsonObject } from '../../../core/json.ts'
import { unsupported } from './fault.ts'
import type { GgufValue } from './gguf.ts'

export interface PreTokenizerKind {
  /** As GGUF names it in tokenizer.ggml.pre. */
  readonly name: string
  readonly aliases: readonly string[]
  readonly normalizer: object | null
  readonly preTokenizer: object
  /** A word that is in the vocabulary is taken as it is. */
  readonly ignoreMerges: boolean
  readonly addsBos: boolean
}

const byteLevel = (useRegex: boolean): object => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
})

const split = (pattern: string): object => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
})

const sequence = (...pretokenizers: readonly object[]): object => ({ type: 'Sequence', pretokenizers })

/** The pattern of cl100k and its kin; they differ in how many digits stay together. */
const words = (digits: string): string =>
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

const kinds: readonly PreTokenizerKind[] = [
  {
    name: 'smollm',
    aliases: [],
    normalizer: null,
    // Every digit on its own, as in the published tokenizer and in llama.cpp. Transformers' reading of GGUF leaves
    // this cut out and so differs for digits after spaces. A pattern, because "Digits" means fewer digits in JavaScript.
    preTokenizer: sequence(split(String.raw`\p{N}`), byteLevel(true)),
    ignoreMerges: false,
    addsBos: false,
  },
  {
    name: 'llama-bpe',
    aliases: ['llama3', 'llama-v3'],
    normalizer: null,
    preTokenizer: sequence(split(words(String.raw`\p{N}{1,3}`)), byteLevel(false)),
    ignoreMerges: true,
    addsBos: true,
  },
  {
    name: 'qwen2',
    aliases: [],
    normalizer: { type: 'NFC' },
    preTokenizer: sequence(split(words(String.raw`\p{N}`)), byteLevel(false)),
    ignoreMerges: false,
    addsBos: false,
  },
  {
    name: 'gpt-2',
    aliases: ['default'],
    normalizer: null,
    preTokenizer: byteLevel(true),
    ignoreMerges: false,
    addsBos: false,
  },
]

/** Files without a name are cut as GPT-2 cuts. Throws MODEL_UNSUPPORTED for other names. */
export function preTokenizerKind(path: string, name: GgufValue | undefined): PreTokenizerKind {
  const wanted = name ?? 'gpt-2'
  const found = kinds.find((kind) => kind.name === wanted || kind.aliases.some((alias) => alias === wanted))
  if (found !== undefined) return found
  const read = kinds.map((kind) => kind.name).join(', ')
  throw unsupported(path, `cuts text into words as ${JSON.stringify(name)} does; ${read} are read`)
}

/**
 * GGUF's name for what a tokenizer.json does before BPE, or null when it has none that is known here. Offsets
 * (trim_offsets) and old ways of writing the same cut do not matter.
 */
export function preTokenizerNameOf(tokenizer: Readonly<Record<string, unknown>>): string | null {
  const wanted = essence(tokenizer.pre_tokenizer)
  const isNfc = isJsonObject(tokenizer.normalizer)
  const found = kinds.find(
    (kind) => essence(kind.preTokenizer) === wanted && (kind.normalizer !== null) === isNfc,
  )
  return found?.name ?? null
}

/** Canonical text of only what decides where text is cut. */
function essence(preTokenizer: unknown): string {
  if (!isJsonObject(preTokenizer)) return 'none'
  const { type, pretokenizers, pattern, behavior, invert, add_prefix_space, use_regex } = preTokenizer
  if (type === 'Sequence' && Array.isArray(pretokenizers)) return pretokenizers.map(essence).join(' ')
  if (type === 'Digits' && preTokenizer.individual_digits === true) return essence(split(String.raw`\p{N}`))
  if (type === 'ByteLevel') return canonicalJson([type, add_prefix_space ?? true, use_regex ?? true])
  return canonicalJson([type, pattern, behavior, invert ?? false])
}
