/** Opens a language model on disk, a GGUF file or a Hugging Face folder, as one and the same BaseModel. */
import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { messageOf } from '../../../core/errors.ts'
import type { Architecture, BaseModel, TokenizerFiles } from '../types.ts'
import { openBytes, type ByteSource } from './byte-source.ts'
import { cachedRepository } from './cached-repository.ts'
import { architectureFromConfig } from './config-architecture.ts'
import { invalidFile, unsupported } from './fault.ts'
import { tokenizerFromFolder } from './folder-tokenizer.ts'
import { architectureFromGguf, ropeFactorsName } from './gguf-architecture.ts'
import { readGgufHead, type GgufHead } from './gguf.ts'
import { ggufName, reorderRows, rotatedHeads } from './gguf-names.ts'
import { tokenizerFromGguf } from './gguf-tokenizer.ts'
import { readJsonFile } from './json-file.ts'
import { openShards } from './shards.ts'
import { readStoredTensor, type StoredTensor } from './stored-tensor.ts'
import { tensorShapes } from './tensor-shapes.ts'
import { cacheFolder, hashWeights } from './weights-hash.ts'

export interface OpenOptions {
  /** Where hashes of weights are remembered; by default as POTSTILL_HOME or the user's cache folder say. */
  readonly cache?: string
}

/**
 * `path` is a .gguf file or a folder with config.json, tokenizer files and safetensors. Everything but the weights'
 * values is read and checked now. Throws MODEL_FILE_INVALID or MODEL_UNSUPPORTED, with the file and what was found.
 */
export async function openBaseModel(path: string, options: OpenOptions = {}): Promise<BaseModel> {
  const absolute = resolve(path)
  const found = await stat(absolute).catch((error: unknown) => {
    throw invalidFile(absolute, `cannot be opened: ${messageOf(error)}`, error)
  })
  const cache = options.cache ?? cacheFolder(process.env)
  return found.isDirectory() ? openFolder(absolute, cache) : openGguf(absolute, cache)
}

/** What both formats come down to. */
interface OpenedWeights {
  readonly name: string
  readonly path: string
  readonly format: BaseModel['format']
  readonly files: readonly string[]
  readonly architecture: Architecture
  readonly tokenizer: TokenizerFiles
  /** Where a tensor of Hugging Face's name lies. */
  readonly locate: (
    name: string,
  ) => { readonly source: ByteSource; readonly tensor: StoredTensor } | undefined
  readonly close: () => Promise<void>
}

async function openGguf(path: string, cache: string): Promise<BaseModel> {
  const source = await openBytes(path)
  return closingOnError(source.close, async () => {
    const head = await readGgufHead(source)
    const factors = head.tensors.get(ropeFactorsName)
    const architecture = architectureFromGguf(
      path,
      head,
      factors === undefined ? null : await readStoredTensor(source, factors),
    )
    return openWeights(cache, {
      name: basename(path),
      path,
      format: 'gguf',
      files: [path],
      architecture,
      tokenizer: tokenizerFromGguf(path, head.metadata),
      locate: (name) => locateGguf(source, head, name),
      close: source.close,
    })
  })
}

function locateGguf(source: ByteSource, head: GgufHead, name: string): ReturnType<OpenedWeights['locate']> {
  const tensor = head.tensors.get(ggufName(name))
  return tensor === undefined ? undefined : { source, tensor }
}

async function openFolder(path: string, cache: string): Promise<BaseModel> {
  const config = await readJsonFile(join(path, 'config.json'))
  const architecture = architectureFromConfig(join(path, 'config.json'), config)
  const tokenizer = await tokenizerFromFolder(path, config)
  const shards = await openShards(path)
  return closingOnError(shards.close, () =>
    openWeights(cache, {
      name: cachedRepository(path) ?? basename(path),
      path,
      format: 'safetensors',
      files: shards.files,
      architecture,
      tokenizer,
      locate: shards.locate,
      close: shards.close,
    }),
  )
}

async function openWeights(cache: string, opened: OpenedWeights): Promise<BaseModel> {
  const { name, path, format, architecture, tokenizer } = opened
  const shapes = tensorShapes(architecture)
  for (const [tensorName, shape] of shapes) checkTensor(opened, tensorName, shape)
  if (tokenizer.endOfTurnIds.length === 0) {
    throw unsupported(path, 'names no token at which the model ends its turn')
  }
  return {
    name,
    path,
    format,
    sha256: await hashWeights(opened.files, cache),
    architecture,
    tokenizer,
    tensorNames: [...shapes.keys()],
    tensor: (tensorName) => readTensor(opened, shapes, tensorName),
    close: opened.close,
  }
}

function checkTensor(opened: OpenedWeights, name: string, shape: readonly number[]): void {
  const place = opened.locate(name)
  if (place === undefined) throw invalidFile(opened.path, `has no tensor ${name}`)
  const found = place.tensor.shape
  if (found.join() !== shape.join()) {
    const expected = `expected [${shape.join(', ')}]`
    throw invalidFile(opened.path, `has ${name} in the shape [${found.join(', ')}], ${expected}`)
  }
}

async function readTensor(
  opened: OpenedWeights,
  shapes: ReadonlyMap<string, readonly number[]>,
  name: string,
): ReturnType<BaseModel['tensor']> {
  const shape = shapes.get(name)
  const place = opened.locate(name)
  if (shape === undefined || place === undefined) throw invalidFile(opened.path, `has no tensor ${name}`)
  const data = await readStoredTensor(place.source, place.tensor)
  const heads = opened.format === 'gguf' ? rotatedHeads(opened.architecture, name) : null
  return { shape, data: heads === null ? data : reorderRows(data, heads, shape[1], 'hugging-face') }
}

async function closingOnError<T>(close: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await close()
    throw error
  }
}
