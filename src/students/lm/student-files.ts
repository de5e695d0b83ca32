/** What a student's folder holds beside its manifest: the adapter as peft loads it. The base model is not copied. */
import { buffer } from 'node:stream/consumers'
import { join } from 'node:path'
import { PotstillError } from '../../core/errors.ts'
import type { Manifest } from '../../core/student.ts'
import { readStudentFiles } from '../student-folder.ts'
import { peftConfig, peftWeights } from './export/adapter-files.ts'
import { linearNames, type BaseModel, type LinearName, type LoraAdapter } from './types.ts'
import { openBytes } from './weights/byte-source.ts'
import { readSafetensorsHead } from './weights/safetensors.ts'
import { readStoredTensor } from './weights/stored-tensor.ts'

const weightsFile = 'adapter_model.safetensors'
const namePattern = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/

export async function adapterFiles(
  base: BaseModel,
  adapter: LoraAdapter,
): Promise<Readonly<Record<string, Uint8Array>>> {
  return {
    'adapter_config.json': Buffer.from(peftConfig(base, adapter)),
    [weightsFile]: await buffer(peftWeights(base, adapter)),
  }
}

/** Throws STUDENT_DAMAGED where a file is missing or not as it was written. */
export async function readAdapter(
  folder: string,
  manifest: Manifest,
  { rank, alpha }: Pick<LoraAdapter, 'rank' | 'alpha'>,
): Promise<LoraAdapter> {
  await readStudentFiles(folder, manifest)
  const source = await openBytes(join(folder, weightsFile))
  try {
    const halves = new Map<string, { a?: Float32Array; b?: Float32Array }>()
    for (const [name, entry] of await readSafetensorsHead(source)) {
      const [, place, half] = namePattern.exec(name) ?? []
      if (place === undefined || !('type' in entry)) throw damaged(folder, `has the tensor ${name}`)
      const pair = halves.get(place) ?? {}
      pair[half === 'A' ? 'a' : 'b'] = await readStoredTensor(source, entry)
      halves.set(place, pair)
    }
    const pairs = [...halves].map(([place, { a, b }]) => {
      if (a === undefined || b === undefined) throw damaged(folder, `has half a pair for ${place}`)
      return [place, { a, b }] as const
    })
    return { rank, alpha, targets: targetsOf(halves.keys()), pairs: new Map(pairs) }
  } finally {
    await source.close()
  }
}

function targetsOf(places: Iterable<string>): LinearName[] {
  const found = new Set([...places].map((place) => place.replace(/^model\.layers\.\d+\./, '')))
  return linearNames.filter((name) => found.has(name))
}

function damaged(folder: string, problem: string): PotstillError {
  return new PotstillError('STUDENT_DAMAGED', `${join(folder, weightsFile)} ${problem}`)
}
