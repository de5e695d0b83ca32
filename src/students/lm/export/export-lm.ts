/** Writes a trained language model for elsewhere: its adapter alone, or merged into the base. */
import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { writeWhole } from '../../../core/write-whole.ts'
import { refuseUsedFolder } from '../../student-folder.ts'
import type { BaseModel, LoraAdapter } from '../types.ts'
import { ggufAdapter, peftConfig, peftWeights } from './adapter-files.ts'
import { f16, f32, q8Zero } from './encode-values.ts'
import { ggufModelChunks, type ModelSource } from './gguf-model.ts'
import { modelFiles, tokenizerTexts } from './hugging-face-files.ts'
import { checkAdapter, mergedModel } from './merged-model.ts'
import { safetensorsChunks } from './safetensors-writer.ts'
import { tensorShapes } from '../weights/tensor-shapes.ts'

/**
 * peft: the adapter as peft and vLLM load it; safetensors: merged weights in F32 as transformers and vLLM load them;
 * gguf-f16, gguf-q8_0: merged weights for llama.cpp and Ollama; gguf-lora: the adapter for them.
 */
export const exportFormats = ['peft', 'safetensors', 'gguf-f16', 'gguf-q8_0', 'gguf-lora'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** A file's name and what is in it. */
type Files = Readonly<Record<string, string | AsyncIterable<Uint8Array>>>

const contents: Readonly<Record<ExportFormat, (base: BaseModel, adapter: LoraAdapter) => Files>> = {
  peft: (base, adapter) => ({
    'adapter_config.json': peftConfig(base, adapter),
    'adapter_model.safetensors': peftWeights(base, adapter),
    ...tokenizerTexts(base.tokenizer),
  }),
  safetensors: (base, adapter) => mergedFolder(mergedModel(base, adapter)),
  'gguf-f16': (base, adapter) => ({
    'model-f16.gguf': ggufModelChunks(mergedModel(base, adapter), f16),
  }),
  'gguf-q8_0': (base, adapter) => ({
    'model-q8_0.gguf': ggufModelChunks(mergedModel(base, adapter), q8Zero),
  }),
  'gguf-lora': (base, adapter) => ({ 'adapter-lora.gguf': ggufAdapter(base, adapter) }),
}

/**
 * Writes into an absent or empty folder, whole or not at all, and gives the names of the files. Weights go through
 * one tensor at a time. Throws FILE_EXISTS where something is in the folder, STUDENT_DAMAGED where the adapter does
 * not fit the base, MODEL_UNSUPPORTED where GGUF has no word for what the tokenizer does.
 */
export async function exportLm(
  base: BaseModel,
  adapter: LoraAdapter,
  folder: string,
  format: ExportFormat,
): Promise<readonly string[]> {
  checkAdapter(base, adapter)
  const target = resolve(folder)
  await refuseUsedFolder(target)
  const files = contents[format](base, adapter)
  await mkdir(dirname(target), { recursive: true })
  const temporary = join(dirname(target), `.${basename(target)}-${randomUUID()}`)
  try {
    for (const [name, content] of Object.entries(files)) await writeWhole(join(temporary, name), content)
    await rmdir(target).catch(() => undefined)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
  return Object.keys(files)
}

function mergedFolder(model: ModelSource): Files {
  const tensors = [...tensorShapes(model.architecture)].map(([name, shape]) => ({
    name,
    shape,
    encoding: f32,
    read: async () => (await model.tensor(name)).data,
  }))
  return {
    ...modelFiles(model, 'float32'),
    ...tokenizerTexts(model.tokenizer),
    'model.safetensors': safetensorsChunks(tensors),
  }
}
