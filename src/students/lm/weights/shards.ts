/** The safetensors files of a folder, one or several with an index, as one set of tensors. */
import { access } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isJsonObject } from '../../../core/json.ts'
import { openBytes, type ByteSource } from './byte-source.ts'
import { invalidFile, unsupported } from './fault.ts'
import { readJsonFileIfAny } from './json-file.ts'
import { readSafetensorsHead } from './safetensors.ts'
import type { StoredTensor } from './stored-tensor.ts'
import { safetensorsTypes } from './stored-types.ts'

export interface Shards {
  /** In the order of their names. */
  readonly files: readonly string[]
  /** Throws MODEL_UNSUPPORTED where the tensor is of a type that is not read. */
  readonly locate: (
    name: string,
  ) => { readonly source: ByteSource; readonly tensor: StoredTensor } | undefined
  readonly close: () => Promise<void>
}

const singleName = 'model.safetensors'
const indexName = 'model.safetensors.index.json'
const mostShards = 1000

/** Throws MODEL_FILE_INVALID where a file is missing or broken. */
export async function openShards(folder: string): Promise<Shards> {
  const files = (await shardNames(folder)).map((name) => join(folder, name))
  const sources: ByteSource[] = []
  const close = async (): Promise<void> => {
    await Promise.all(sources.map((source) => source.close()))
  }
  const places = new Map<string, Place>()
  try {
    for (const file of files) {
      const source = await openBytes(file)
      sources.push(source)
      for (const [name, entry] of await readSafetensorsHead(source)) {
        if (places.has(name)) throw invalidFile(file, `has ${name}, which another file has too`)
        places.set(name, { source, entry })
      }
    }
  } catch (error) {
    await close()
    throw error
  }
  return { files, close, locate: (name) => locate(places, name) }
}

interface Place {
  readonly source: ByteSource
  readonly entry: StoredTensor | { readonly unreadType: string }
}

function locate(places: ReadonlyMap<string, Place>, name: string): ReturnType<Shards['locate']> {
  const place = places.get(name)
  if (place === undefined) return undefined
  const { source, entry } = place
  if ('type' in entry) return { source, tensor: entry }
  const read = [...safetensorsTypes.keys()].join(', ')
  throw unsupported(source.path, `stores ${name} as ${entry.unreadType}; ${read} are read`)
}

async function shardNames(folder: string): Promise<readonly string[]> {
  const isSingle = await access(join(folder, singleName)).then(
    () => true,
    () => false,
  )
  if (isSingle) return [singleName]
  const indexPath = join(folder, indexName)
  const index = await readJsonFileIfAny(indexPath)
  if (index === null) throw invalidFile(folder, `has neither ${singleName} nor ${indexName}`)
  const names = isJsonObject(index.weight_map) ? [...new Set(Object.values(index.weight_map))] : []
  if (names.length === 0 || names.length > mostShards || !names.every(isPlainName)) {
    throw invalidFile(indexPath, 'names no files of this folder in its weight_map')
  }
  return [...names].sort()
}

/** A name that does not lead out of the folder. */
function isPlainName(name: unknown): name is string {
  return typeof name === 'string' && name.endsWith('.safetensors') && basename(name) === name
}
