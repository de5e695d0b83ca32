/** GGUF's names of tensors for Hugging Face's, and the order of rows in which Llama's queries and keys are stored. */
import type { Architecture } from '../types.ts'

const outer: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
}

const inner: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
}

/** "model.layers.3.mlp.up_proj.weight" is "blk.3.ffn_up.weight". The name must be one of tensorShapes. */
export function ggufName(name: string): string {
  if (Object.hasOwn(outer, name)) return outer[name]
  const [, layer, part, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? []
  return `blk.${layer}.${inner[part]}.${kind}`
}

/** How many heads the rows of a tensor are ordered by in GGUF, or null where the order is Hugging Face's. */
export function rotatedHeads(architecture: Architecture, name: string): number | null {
  if (architecture.family !== 'llama') return null
  if (name.endsWith('.self_attn.q_proj.weight')) return architecture.heads
  if (name.endsWith('.self_attn.k_proj.weight')) return architecture.keyValueHeads
  return null
}

/**
 * Hugging Face rotates row j of a head with row j + half, GGUF row 2 j with row 2 j + 1. Rows are `columns` long;
 * gives a copy in the other order.
 */
export function reorderRows(
  data: Float32Array,
  heads: number,
  columns: number,
  into: 'hugging-face' | 'gguf',
): Float32Array {
  const out = new Float32Array(data.length)
  const headSize = data.length / columns / heads
  const half = headSize / 2
  for (let head = 0; head < heads; head++) {
    for (let j = 0; j < headSize; j++) {
      const halved = (head * headSize + j) * columns
      const paired = (head * headSize + 2 * (j % half) + (j < half ? 0 : 1)) * columns
      const [from, to] = into === 'gguf' ? [halved, paired] : [paired, halved]
      out.set(data.subarray(from, from + columns), to)
    }
  }
  return out
}
