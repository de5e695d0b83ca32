/** A whole model as GGUF: weights in ggml's order, and everything a server needs beside them. */
import type { Architecture, BaseModel } from '../types.ts'
import { ropeFactorsName } from '../weights/gguf-architecture.ts'
import { ggufName, reorderRows, rotatedHeads } from '../weights/gguf-names.ts'
import { ropeFactors } from '../weights/rope-factors.ts'
import { tensorShapes } from '../weights/tensor-shapes.ts'
import { f16, f32, type Encoding } from './encode-values.ts'
import { architectureFields, tokenizerFields } from './gguf-metadata.ts'
import { ggufChunks } from './gguf-writer.ts'
import type { WrittenTensor } from './written-tensor.ts'

/** What is written: a base model as it is, or merged with an adapter. */
export type ModelSource = Pick<BaseModel, 'name' | 'path' | 'architecture' | 'tokenizer' | 'tensor'>

/** llama.cpp's numbers for "mostly" this encoding. */
const fileTypes: Readonly<Record<Encoding['name'], number>> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 }

/**
 * Matrices in `encoding`, or in F16 where their rows do not fill its blocks; norms and biases in F32. Throws
 * MODEL_UNSUPPORTED where GGUF has no word for what the tokenizer does.
 */
export function ggufModelChunks(model: ModelSource, encoding: Encoding): AsyncGenerator<Uint8Array> {
  const { architecture, tokenizer, name, path } = model
  return ggufChunks({
    metadata: {
      ...architectureFields(architecture),
      'general.type': { type: 'text', value: 'model' },
      'general.name': { type: 'text', value: name },
      'general.file_type': { type: 'u32', value: fileTypes[encoding.name] },
      'general.quantization_version': { type: 'u32', value: 2 },
      ...tokenizerFields(path, tokenizer, architecture.vocabularySize),
    },
    tensors: [...ropeTensors(architecture), ...weightTensors(model, encoding)],
  })
}

function weightTensors(model: ModelSource, encoding: Encoding): WrittenTensor[] {
  const { architecture } = model
  return [...tensorShapes(architecture)].map(([name, shape]) => ({
    name: ggufName(name),
    shape,
    encoding: encodingFor(shape, encoding),
    read: async () => {
      const { data } = await model.tensor(name)
      const heads = rotatedHeads(architecture, name)
      return heads === null ? data : reorderRows(data, heads, shape[1], 'gguf')
    },
  }))
}

function encodingFor(shape: readonly number[], encoding: Encoding): Encoding {
  if (shape.length === 1) return f32
  return shape[1] % encoding.values === 0 ? encoding : f16
}

function ropeTensors({ ropeScaling, ropeTheta, headSize }: Architecture): WrittenTensor[] {
  if (ropeScaling === undefined) return []
  const factors = ropeFactors(ropeScaling, ropeTheta, headSize)
  return [
    { name: ropeFactorsName, shape: [headSize / 2], encoding: f32, read: () => Promise.resolve(factors) },
  ]
}
