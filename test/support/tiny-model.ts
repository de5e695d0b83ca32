/** Writes a random language model of a few thousand weights, whole with tokenizer and chat template, for tests. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRandom } from '../../src/core/random.ts'
import { writeWhole } from '../../src/core/write-whole.ts'
import { f16, f32, q8Zero, type Encoding } from '../../src/students/lm/export/encode-values.ts'
import { ggufModelChunks } from '../../src/students/lm/export/gguf-model.ts'
import { modelFiles, tokenizerTexts } from '../../src/students/lm/export/hugging-face-files.ts'
import { safetensorsChunks } from '../../src/students/lm/export/safetensors-writer.ts'
import type { Architecture, TokenizerFiles } from '../../src/students/lm/types.ts'
import { chatMl } from '../../src/students/lm/weights/end-of-turn.ts'
import { preTokenizerKind } from '../../src/students/lm/weights/pre-tokenizers.ts'
import { tensorShapes } from '../../src/students/lm/weights/tensor-shapes.ts'
import { learnMerges } from './learn-merges.ts'

export interface TinyModelOptions {
  /** "llama" when absent. */
  readonly family?: Architecture['family']
  readonly layers?: number
  /** A multiple of 32, so that Q8_0 can be written; 32 when absent. */
  readonly hiddenSize?: number
  /** Tokens; at least 259: three special ones and the bytes. 320 when absent. */
  readonly vocabulary?: number
  readonly seed?: number
  /** True when absent. */
  readonly tiedEmbeddings?: boolean
  /** Adds Llama 3's stretching of the rotary frequencies. */
  readonly ropeScaling?: boolean
  /** How text is cut, by GGUF's names; that of the family when absent. */
  readonly preTokenizer?: 'smollm' | 'llama-bpe' | 'qwen2' | 'gpt-2'
}

/** Writes a Hugging Face folder; gives the folder, which openBaseModel takes. */
export async function writeTinyModel(folder: string, options: TinyModelOptions = {}): Promise<string> {
  const model = tinyModel(options)
  await mkdir(folder, { recursive: true })
  const texts = { ...modelFiles(model, 'float32'), ...tokenizerTexts(model.tokenizer) }
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text)
  const tensors = [...model.weights].map(([name, { shape, data }]) => ({
    name,
    shape,
    encoding: f32,
    read: () => Promise.resolve(data),
  }))
  await writeWhole(join(folder, 'model.safetensors'), safetensorsChunks(tensors))
  return folder
}

/** Writes the same model as a GGUF file, in F32 when absent; gives the file, which openBaseModel takes. */
export async function writeTinyGguf(
  file: string,
  options: TinyModelOptions & { readonly encoding?: 'F32' | 'F16' | 'Q8_0' } = {},
): Promise<string> {
  const encodings: Readonly<Record<string, Encoding>> = { F32: f32, F16: f16, Q8_0: q8Zero }
  await writeWhole(file, ggufModelChunks(tinyModel(options), encodings[options.encoding ?? 'F32']))
  return file
}

interface Weights {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

interface TinyModel {
  readonly name: string
  readonly path: string
  readonly architecture: Architecture
  readonly tokenizer: TokenizerFiles
  readonly weights: ReadonlyMap<string, Weights>
  tensor(name: string): Promise<Weights>
}

/** The same options give the same weights, in whatever format they are written. */
function tinyModel(options: TinyModelOptions): TinyModel {
  const architecture = tinyArchitecture(options)
  const random = createRandom(options.seed ?? 1)
  const weights = new Map(
    [...tensorShapes(architecture)].map(([name, shape]) => {
      const count = shape.reduce((product, size) => product * size, 1)
      // Norms near 1, biases small, matrices that keep the size of what goes through them.
      const mean = name.includes('norm') ? 1 : 0
      const spread = shape.length === 1 ? 0.1 : 1 / Math.sqrt(shape[1])
      return [
        name,
        { shape, data: Float32Array.from({ length: count }, () => mean + spread * random.normal()) },
      ]
    }),
  )
  return {
    name: 'tiny',
    path: 'tiny',
    architecture,
    tokenizer: tinyTokenizer(architecture, options),
    weights,
    tensor: (name) => Promise.resolve(weights.get(name) as Weights),
  }
}

function tinyArchitecture(options: TinyModelOptions): Architecture {
  const { family = 'llama', hiddenSize = 32 } = options
  return {
    family,
    vocabularySize: options.vocabulary ?? 320,
    hiddenSize,
    layers: options.layers ?? 2,
    heads: 4,
    keyValueHeads: 2,
    // Qwen3's heads are wider than their share of the hidden size.
    headSize: family === 'qwen3' ? hiddenSize / 2 : hiddenSize / 4,
    feedForwardSize: 2 * hiddenSize,
    contextLength: 4096,
    normEpsilon: 1e-6,
    ropeTheta: options.ropeScaling === true ? 500_000 : 10_000,
    ...(options.ropeScaling === true
      ? {
          ropeScaling: {
            factor: 32,
            lowFrequencyFactor: 1,
            highFrequencyFactor: 4,
            originalContextLength: 8192,
          },
        }
      : {}),
    tiedEmbeddings: options.tiedEmbeddings ?? true,
    attentionBias: family === 'qwen2',
    queryKeyNorm: family === 'qwen3',
  }
}

const special = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const

function tinyTokenizer({ vocabularySize, family }: Architecture, options: TinyModelOptions): TokenizerFiles {
  const kind = preTokenizerKind('tiny', options.preTokenizer ?? (family === 'llama' ? 'smollm' : 'qwen2'))
  const { bytes, merges } = learnMerges(vocabularySize - special.length - 256)
  const tokens = [...special, ...bytes, ...merges.map(([left, right]) => left + right)]
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: special.map((content, id) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: kind.normalizer,
      pre_tokenizer: kind.preTokenizer,
      post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
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
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      clean_up_tokenization_spaces: false,
      bos_token: '<|im_start|>',
      eos_token: '<|im_end|>',
      pad_token: '<|endoftext|>',
    },
    chatTemplate: chatMl,
    endOfTurnIds: [2],
  }
}
