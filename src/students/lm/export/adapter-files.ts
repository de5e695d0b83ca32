/** An adapter on its own, as peft and as llama.cpp load it. */
import { cachedRepository } from '../weights/cached-repository.ts'
import { ggufName, reorderRows, rotatedHeads } from '../weights/gguf-names.ts'
import { linearShapes } from '../weights/tensor-shapes.ts'
import type { BaseModel, LinearName, LoraAdapter } from '../types.ts'
import { f32 } from './encode-values.ts'
import { ggufChunks } from './gguf-writer.ts'
import { jsonText } from './hugging-face-files.ts'
import { safetensorsChunks } from './safetensors-writer.ts'
import type { WrittenTensor } from './written-tensor.ts'

/** adapter_config.json. The base is named by its repository where it came from one, else by its path. */
export function peftConfig(base: BaseModel, adapter: LoraAdapter): string {
  return jsonText({
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: cachedRepository(base.path) ?? base.path,
    r: adapter.rank,
    lora_alpha: adapter.alpha,
    lora_dropout: 0,
    target_modules: adapter.targets.map((target) => target.replace(/^.*\./, '')),
    bias: 'none',
    fan_in_fan_out: false,
    use_rslora: false,
    use_dora: false,
    modules_to_save: null,
    inference_mode: true,
  })
}

/** adapter_model.safetensors, F32. */
export function peftWeights(base: BaseModel, adapter: LoraAdapter): AsyncGenerator<Uint8Array> {
  const tensors = pairs(base, adapter).flatMap(({ name, a, b, out, inner }) => [
    tensorOf(`base_model.model.${name}.lora_A.weight`, [adapter.rank, inner], a),
    tensorOf(`base_model.model.${name}.lora_B.weight`, [out, adapter.rank], b),
  ])
  return safetensorsChunks(tensors)
}

/** A LoRA GGUF, F32: llama.cpp's `--lora`, Ollama's ADAPTER. It is of use beside a GGUF of the same base only. */
export function ggufAdapter(base: BaseModel, adapter: LoraAdapter): AsyncGenerator<Uint8Array> {
  const { rank } = adapter
  return ggufChunks({
    metadata: {
      'general.architecture': { type: 'text', value: base.architecture.family },
      'general.type': { type: 'text', value: 'adapter' },
      'general.name': { type: 'text', value: base.name },
      'adapter.type': { type: 'text', value: 'lora' },
      'adapter.lora.alpha': { type: 'f32', value: adapter.alpha },
    },
    tensors: pairs(base, adapter).flatMap(({ name, a, b, out, inner }) => {
      const weight = `${name}.weight`
      const heads = rotatedHeads(base.architecture, weight)
      const ordered = heads === null ? b : reorderRows(b, heads, rank, 'gguf')
      return [
        tensorOf(`${ggufName(weight)}.lora_a`, [rank, inner], a),
        tensorOf(`${ggufName(weight)}.lora_b`, [out, rank], ordered),
      ]
    }),
  })
}

interface Pair {
  readonly name: string
  readonly a: Float32Array
  readonly b: Float32Array
  readonly out: number
  readonly inner: number
}

function pairs(base: BaseModel, adapter: LoraAdapter): Pair[] {
  const shapes = linearShapes(base.architecture)
  return [...adapter.pairs].map(([name, { a, b }]) => {
    const [out, inner] = shapes[name.replace(/^model\.layers\.\d+\./, '') as LinearName]
    return { name, a, b, out, inner }
  })
}

function tensorOf(name: string, shape: readonly number[], data: Float32Array): WrittenTensor {
  return { name, shape, encoding: f32, read: () => Promise.resolve(data) }
}
