/** Which tensors an architecture has, by Hugging Face's names, and their shapes. */
import type { Architecture, LinearName } from '../types.ts'

/** [out, in] of each linear map of a layer. */
export function linearShapes(
  architecture: Architecture,
): Readonly<Record<LinearName, readonly [number, number]>> {
  const { hiddenSize: D, feedForwardSize: F, heads, keyValueHeads, headSize } = architecture
  return {
    'self_attn.q_proj': [heads * headSize, D],
    'self_attn.k_proj': [keyValueHeads * headSize, D],
    'self_attn.v_proj': [keyValueHeads * headSize, D],
    'self_attn.o_proj': [D, heads * headSize],
    'mlp.gate_proj': [F, D],
    'mlp.up_proj': [F, D],
    'mlp.down_proj': [D, F],
  }
}

/** In the order in which a forward pass needs them. */
export function tensorShapes(architecture: Architecture): ReadonlyMap<string, readonly number[]> {
  const { vocabularySize: V, hiddenSize: D, layers, tiedEmbeddings } = architecture
  const layer = layerShapes(architecture)
  return new Map<string, readonly number[]>([
    ['model.embed_tokens.weight', [V, D]],
    ...Array.from({ length: layers }, (_, i) =>
      layer.map(([name, shape]) => [`model.layers.${i}.${name}`, shape] as const),
    ).flat(),
    ['model.norm.weight', [D]],
    ...(tiedEmbeddings ? [] : [['lm_head.weight', [V, D]] as const]),
  ])
}

function layerShapes(architecture: Architecture): (readonly [string, readonly number[]])[] {
  const { hiddenSize: D, headSize, attentionBias, queryKeyNorm } = architecture
  const linear = linearShapes(architecture)
  const biased: readonly LinearName[] = ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj']
  return [
    ['input_layernorm.weight', [D]],
    ...(Object.keys(linear) as LinearName[]).map((name) => [`${name}.weight`, linear[name]] as const),
    ...(attentionBias ? biased.map((name) => [`${name}.bias`, [linear[name][0]]] as const) : []),
    ...(queryKeyNorm
      ? [['self_attn.q_norm.weight', [headSize]] as const, ['self_attn.k_norm.weight', [headSize]] as const]
      : []),
    ['post_attention_layernorm.weight', [D]],
  ]
}
