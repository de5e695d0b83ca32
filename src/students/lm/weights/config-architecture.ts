/** Reads an architecture from Hugging Face's config.json, refusing what the engine would compute differently. */
import { isJsonObject } from '../../../core/json.ts'
import type { Architecture } from '../types.ts'
import { checkedArchitecture, familyNames, isFamily } from './checked-architecture.ts'
import { invalidFile, unsupported } from './fault.ts'

type Config = Readonly<Record<string, unknown>>

/** `path` is that of config.json. Throws MODEL_UNSUPPORTED naming what is not computed, MODEL_FILE_INVALID for odd numbers. */
export function architectureFromConfig(path: string, config: Config): Architecture {
  const family = config.model_type
  if (!isFamily(family)) {
    const named = JSON.stringify(family ?? 'nothing')
    throw unsupported(path, `names the architecture ${named}; ${familyNames.join(', ')} are read`)
  }
  refuseUnread(path, config)
  const number = (key: string, fallback?: number): number => {
    const value = config[key] ?? fallback
    if (typeof value !== 'number') throw invalidFile(path, `has no number ${key}`)
    return value
  }
  const heads = number('num_attention_heads')
  const hiddenSize = number('hidden_size')
  const rope = ropeFrom(path, config)
  return checkedArchitecture(path, {
    family,
    vocabularySize: number('vocab_size'),
    hiddenSize,
    layers: number('num_hidden_layers'),
    heads,
    keyValueHeads: number('num_key_value_heads', heads),
    headSize: number('head_dim', family === 'qwen3' ? 128 : hiddenSize / heads),
    feedForwardSize: number('intermediate_size'),
    contextLength: number('max_position_embeddings', family === 'llama' ? 2048 : 32_768),
    normEpsilon: number('rms_norm_eps', 1e-6),
    ...rope,
    tiedEmbeddings: config.tie_word_embeddings === true,
    attentionBias: family === 'qwen2',
    queryKeyNorm: family === 'qwen3',
  })
}

function refuseUnread(path: string, config: Config): void {
  const layerTypes = Array.isArray(config.layer_types) ? (config.layer_types as unknown[]) : []
  const unread: readonly (readonly [string, boolean])[] = [
    ['quantization_config', isJsonObject(config.quantization_config)],
    ['hidden_act', (config.hidden_act ?? 'silu') !== 'silu'],
    ['attention_bias', config.attention_bias === true],
    ['mlp_bias', config.mlp_bias === true],
    ['use_sliding_window', config.use_sliding_window === true],
    ['layer_types', layerTypes.some((type) => type !== 'full_attention')],
  ]
  const found = unread.find(([, isFound]) => isFound)
  if (found === undefined) return
  const value = JSON.stringify(config[found[0]])
  throw unsupported(path, `has ${found[0]}: ${value.slice(0, 100)}, which is not read`)
}

/** Newer files keep everything about rotation in `rope_parameters`, older ones in two places. */
function ropeFrom(path: string, config: Config): Pick<Architecture, 'ropeTheta' | 'ropeScaling'> {
  const nested = isJsonObject(config.rope_parameters) ? config.rope_parameters : {}
  const scaling = isJsonObject(config.rope_scaling) ? config.rope_scaling : nested
  const ropeTheta = nested.rope_theta ?? config.rope_theta ?? 10_000
  if (typeof ropeTheta !== 'number') throw invalidFile(path, 'has a rope_theta that is no number')
  const kind = scaling.rope_type ?? scaling.type ?? 'default'
  if (kind === 'default') return { ropeTheta }
  if (kind !== 'llama3') {
    throw unsupported(path, `stretches rotation by ${JSON.stringify(kind)}; "llama3" is read`)
  }
  const number = (key: string): number => {
    const value = scaling[key]
    if (typeof value !== 'number' || !(value > 0)) throw invalidFile(path, `has no number ${key}`)
    return value
  }
  return {
    ropeTheta,
    ropeScaling: {
      factor: number('factor'),
      lowFrequencyFactor: number('low_freq_factor'),
      highFrequencyFactor: number('high_freq_factor'),
      originalContextLength: number('original_max_position_embeddings'),
    },
  }
}
