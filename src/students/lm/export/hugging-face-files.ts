/** The JSON files beside weights in a Hugging Face folder, written from what is known of the model. */
import type { Architecture, BaseModel } from '../types.ts'

type TextFiles = Readonly<Record<string, string>>

const classNames = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
} as const

/** config.json and generation_config.json. `dtype`: "float32", "float16" or "bfloat16". */
export function modelFiles(model: Pick<BaseModel, 'architecture' | 'tokenizer'>, dtype: string): TextFiles {
  const { architecture, tokenizer } = model
  const ends = tokenizer.endOfTurnIds
  return {
    'config.json': jsonText({ ...configOf(architecture), torch_dtype: dtype, eos_token_id: ends[0] }),
    'generation_config.json': jsonText({ eos_token_id: ends }),
  }
}

function configOf(architecture: Architecture): object {
  const { family, ropeScaling } = architecture
  return {
    architectures: [classNames[family]],
    model_type: family,
    vocab_size: architecture.vocabularySize,
    hidden_size: architecture.hiddenSize,
    intermediate_size: architecture.feedForwardSize,
    num_hidden_layers: architecture.layers,
    num_attention_heads: architecture.heads,
    num_key_value_heads: architecture.keyValueHeads,
    head_dim: architecture.headSize,
    hidden_act: 'silu',
    max_position_embeddings: architecture.contextLength,
    rms_norm_eps: architecture.normEpsilon,
    rope_theta: architecture.ropeTheta,
    rope_scaling:
      ropeScaling === undefined
        ? null
        : {
            rope_type: 'llama3',
            factor: ropeScaling.factor,
            low_freq_factor: ropeScaling.lowFrequencyFactor,
            high_freq_factor: ropeScaling.highFrequencyFactor,
            original_max_position_embeddings: ropeScaling.originalContextLength,
          },
    tie_word_embeddings: architecture.tiedEmbeddings,
    ...(family === 'qwen2' ? {} : { attention_bias: false }),
    use_cache: true,
  }
}

/** tokenizer.json, tokenizer_config.json and the template, both on its own and within: older readers look there. */
export function tokenizerTexts({ tokenizer, config, chatTemplate }: BaseModel['tokenizer']): TextFiles {
  return {
    'tokenizer.json': jsonText(tokenizer),
    'tokenizer_config.json': jsonText({ ...config, chat_template: chatTemplate }),
    'chat_template.jinja': chatTemplate,
  }
}

export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
