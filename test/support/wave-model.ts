/** Tiny base models whose weights follow from a formula that bench/lm-gradient-reference.py knows too. */
import { crc32 } from 'node:zlib'
import type { Architecture, BaseModel } from '../../src/students/lm/types.ts'
import { tensorShapes } from '../../src/students/lm/weights/tensor-shapes.ts'

/** 1 + 0.2 sin for norms, 0.4 sin for all others, from a start that the name decides. */
export function wave(name: string, count: number): Float32Array {
  const start = crc32(name) % 1000
  const isNorm = name.includes('norm')
  return Float32Array.from({ length: count }, (_, i) => {
    const value = Math.sin(start + 1.3 * i)
    return isNorm ? 1 + 0.2 * value : 0.4 * value
  })
}

const sizes = {
  vocabularySize: 48,
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  feedForwardSize: 24,
  contextLength: 256,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
} as const

export function waveArchitecture(family: Architecture['family']): Architecture {
  return {
    ...sizes,
    family,
    // Qwen3's heads are wider than their share of the hidden size.
    headSize: family === 'qwen3' ? 8 : 4,
    tiedEmbeddings: family !== 'qwen2',
    attentionBias: family === 'qwen2',
    queryKeyNorm: family === 'qwen3',
    ...(family === 'llama' ? { ropeScaling } : {}),
  }
}

const ropeScaling = {
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalContextLength: 64,
} as const

/** Held in memory; only what a network reads of it is there. */
export function waveModel(family: Architecture['family']): BaseModel {
  const architecture = waveArchitecture(family)
  const shapes = tensorShapes(architecture)
  return {
    name: `wave ${family}`,
    path: 'none',
    format: 'safetensors',
    sha256: '0'.repeat(64),
    architecture,
    tokenizer: { tokenizer: {}, config: {}, chatTemplate: '', endOfTurnIds: [0] },
    tensorNames: [...shapes.keys()],
    tensor(name) {
      const shape = shapes.get(name) as readonly number[]
      return Promise.resolve({
        shape,
        data: wave(
          name,
          shape.reduce((a, b) => a * b, 1),
        ),
      })
    },
    close: () => Promise.resolve(),
  }
}
