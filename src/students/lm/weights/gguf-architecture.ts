/** Reads an architecture from GGUF metadata, refusing what the engine would compute differently. */
import type { Architecture } from '../types.ts'
import { checkedArchitecture, familyNames, isFamily } from './checked-architecture.ts'
import { invalidFile, unsupported } from './fault.ts'
import type { GgufHead } from './gguf.ts'
import { scalingFromFactors } from './rope-factors.ts'

/** Where Llama 3's stretching lies: one divisor a frequency. */
export const ropeFactorsName = 'rope_freqs.weight'

/**
 * `ropeFactors` are the values of that tensor where the file has it. Throws MODEL_UNSUPPORTED naming what is not
 * computed, MODEL_FILE_INVALID for numbers that are missing or cannot be.
 */
export function architectureFromGguf(
  path: string,
  { metadata, tensors }: GgufHead,
  ropeFactors: Float32Array | null,
): Architecture {
  const family = metadata.get('general.architecture')
  if (!isFamily(family)) {
    const named = JSON.stringify(family ?? 'nothing')
    throw unsupported(path, `names the architecture ${named}; ${familyNames.join(', ')} are read`)
  }
  const number = (key: string, fallback?: number): number => {
    const value = metadata.get(`${family}.${key}`) ?? fallback
    if (typeof value !== 'number') throw invalidFile(path, `has no number ${family}.${key}`)
    return value
  }
  refuseUnread(path, metadata, family)
  const heads = number('attention.head_count')
  const hiddenSize = number('embedding_length')
  const headSize = number('attention.key_length', hiddenSize / heads)
  const ropeTheta = shortest(number('rope.freq_base', 10_000))
  const checked = checkedArchitecture(path, {
    family,
    vocabularySize: tensors.get('token_embd.weight')?.shape[0] ?? 0,
    hiddenSize,
    layers: number('block_count'),
    heads,
    keyValueHeads: number('attention.head_count_kv', heads),
    headSize,
    feedForwardSize: number('feed_forward_length'),
    contextLength: number('context_length'),
    normEpsilon: shortest(number('attention.layer_norm_rms_epsilon')),
    ropeTheta,
    tiedEmbeddings: !tensors.has('output.weight'),
    attentionBias: family === 'qwen2',
    queryKeyNorm: family === 'qwen3',
  })
  if (ropeFactors === null) return checked
  const ropeScaling = scalingFromFactors(ropeFactors, ropeTheta, headSize)
  if (ropeScaling === null) throw unsupported(path, `stretches rotation in a way that is not Llama 3's`)
  return { ...checked, ropeScaling }
}

/** The shortest decimal that is the same number as F32: what config.json said before it was stored as F32. */
function shortest(value: number): number {
  const candidates = [6, 7, 8].map((digits) => Number(value.toPrecision(digits)))
  return candidates.find((candidate) => Math.fround(candidate) === Math.fround(value)) ?? value
}

function refuseUnread(path: string, metadata: GgufHead['metadata'], family: string): void {
  const expected: Readonly<Record<string, readonly unknown[]>> = {
    [`${family}.expert_count`]: [0],
    [`${family}.rope.scaling.type`]: ['none'],
    [`${family}.attention.sliding_window`]: [0],
  }
  for (const [key, read] of Object.entries(expected)) {
    const value = metadata.get(key)
    if (value !== undefined && !read.includes(value)) {
      throw unsupported(path, `has ${key}: ${JSON.stringify(value)}, which is not read`)
    }
  }
}
