/** The shapes that the parts of the lm student hand to one another. */

/** B: sequences, T: tokens of a sequence, D: hidden size, H: heads, V: vocabulary, F: inner size of the feed-forward. */
export interface Architecture {
  readonly family: 'llama' | 'qwen2' | 'qwen3'
  /** V */
  readonly vocabularySize: number
  /** D */
  readonly hiddenSize: number
  readonly layers: number
  /** H */
  readonly heads: number
  /** Divides `heads`: several query heads share one head of keys and values. */
  readonly keyValueHeads: number
  readonly headSize: number
  /** F */
  readonly feedForwardSize: number
  readonly contextLength: number
  readonly normEpsilon: number
  readonly ropeTheta: number
  /** Llama 3's stretching of the rotary frequencies. */
  readonly ropeScaling?: {
    readonly factor: number
    readonly lowFrequencyFactor: number
    readonly highFrequencyFactor: number
    readonly originalContextLength: number
  }
  /** The vocabulary projection is the embedding matrix. */
  readonly tiedEmbeddings: boolean
  /** q, k and v projections have a bias (Qwen2). */
  readonly attentionBias: boolean
  /** Queries and keys are normalised per head (Qwen3). */
  readonly queryKeyNorm: boolean
}

/** The linear maps of a layer, by Hugging Face's names. */
export const linearNames = [
  'self_attn.q_proj',
  'self_attn.k_proj',
  'self_attn.v_proj',
  'self_attn.o_proj',
  'mlp.gate_proj',
  'mlp.up_proj',
  'mlp.down_proj',
] as const
export type LinearName = (typeof linearNames)[number]

/** What a tokenizer is made from: the contents of tokenizer.json and tokenizer_config.json, read or rebuilt from GGUF. */
export interface TokenizerFiles {
  readonly tokenizer: Readonly<Record<string, unknown>>
  readonly config: Readonly<Record<string, unknown>>
  /** Jinja source. */
  readonly chatTemplate: string
  /** Ids at which the model ends its turn, by the model's own files; the first is the one that is trained. */
  readonly endOfTurnIds: readonly number[]
}

/** An open model on disk. Weights are read when asked for and not kept. */
export interface BaseModel {
  /** "SmolLM2-135M-Instruct.Q4_1.gguf", or the repository's name. */
  readonly name: string
  /** Absolute path of the file, or of the folder for safetensors. */
  readonly path: string
  readonly format: 'safetensors' | 'gguf'
  /** SHA-256 over the weights as stored: 64 hexadecimal digits. Cached beside the data folder by path, size and time. */
  readonly sha256: string
  readonly architecture: Architecture
  readonly tokenizer: TokenizerFiles
  /** Hugging Face's names ("model.layers.0.self_attn.q_proj.weight"), the same from both formats. */
  readonly tensorNames: readonly string[]
  /**
   * F32, row-major, Hugging Face's layout: linear weights are [out, in]; q and k rows in the half-rotation order
   * whatever the file had. Throws MODEL_FILE_INVALID with the tensor's name where bytes are missing.
   */
  tensor(name: string): Promise<{ readonly shape: readonly number[]; readonly data: Float32Array }>
  close(): Promise<void>
}

/** One low-rank pair a linear map: y = W x + (alpha / rank) B (A x). */
export interface LoraAdapter {
  readonly rank: number
  readonly alpha: number
  readonly targets: readonly LinearName[]
  /** By "model.layers.<i>.<linear>": a is [rank, in], b is [out, rank]; both F32, row-major. */
  readonly pairs: ReadonlyMap<string, { readonly a: Float32Array; readonly b: Float32Array }>
}

/** Token ids of a conversation and which of them are learned from. Both arrays have T entries. */
export interface TrainingSequence {
  readonly ids: Int32Array
  /** 1 where the token is to be predicted (its loss counts), 0 elsewhere. */
  readonly trained: Uint8Array
  /** How many ids at the start are the system turn, which rows of one task share; 0 when there is none. */
  readonly sharedPrefix: number
}

/** Which tokens may follow, so that an answer is valid by construction. One a sequence; not shared. */
export interface TokenConstraint {
  /**
   * V bits, 32 a word, bit set where the token may come next. The array is reused by the next call. With
   * `remaining`, the number of tokens that may still be written, only tokens after which the answer can be
   * completed in time, as long as that is possible: so an answer is valid even where it meets its limit.
   */
  allowed(remaining?: number): Uint32Array
  /** Tokens that can only come next in this order, worked out without the model; often empty. */
  forced(remaining?: number): readonly number[]
  /** Takes one token on; throws when it was not allowed. */
  advance(token: number): void
  /** True once the answer is complete: only an end-of-turn token may follow. */
  readonly complete: boolean
}

export interface GenerationRequest {
  readonly prompt: Int32Array
  readonly maxTokens: number
  /** 0: greedy. */
  readonly temperature: number
  /** In (0, 1]; 1 when absent. */
  readonly topP?: number
  readonly seed: number
  /** Texts at which the answer ends; they are not part of it. */
  readonly stop?: readonly string[]
  /** JSON Schema or labels that the answer is held to, as text for the decoder's cache of constraints. */
  readonly constraint?: ConstraintSource
  /** How many alternatives a token to give log-probabilities of; absent: none. */
  readonly logprobs?: number
}

export type ConstraintSource =
  | {
      readonly kind: 'json'
      readonly schema: Readonly<Record<string, unknown>>
      /** What x-quoted strings are taken from. */ readonly input?: string
    }
  | { readonly kind: 'labels'; readonly labels: readonly string[] }

export interface GenerationResult {
  readonly tokens: readonly number[]
  readonly text: string
  readonly finishReason: 'stop' | 'length'
  readonly promptTokens: number
  /** Sum of the log-probabilities of the chosen tokens, among the allowed ones, over the places where there was a choice. */
  readonly logProbability: number
  /** How many places there were with more than one allowed token. */
  readonly choices: number
  readonly logprobs?: readonly {
    readonly token: string
    readonly logprob: number
    readonly alternatives: readonly { readonly token: string; readonly logprob: number }[]
  }[]
}

/** Answers many requests at once in batches; requests join while others are under way. */
export interface TextGenerator {
  generate(
    request: GenerationRequest,
    options?: { readonly signal?: AbortSignal; readonly onText?: (text: string) => void },
  ): Promise<GenerationResult>
  close(): Promise<void>
}
