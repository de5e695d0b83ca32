/** Refuses numbers that no model of these families can have, whatever file they come from. */
import type { Architecture } from '../types.ts'
import { invalidFile } from './fault.ts'

/** Sizes above these are taken for damage: the largest open models have a tenth of them. */
const largest = {
  vocabularySize: 2_000_000,
  hiddenSize: 262_144,
  layers: 1000,
  heads: 4096,
  keyValueHeads: 4096,
  headSize: 4096,
  feedForwardSize: 1_048_576,
  contextLength: 2 ** 31,
} as const

export const familyNames = ['llama', 'qwen2', 'qwen3'] as const
export type Family = (typeof familyNames)[number]

export function isFamily(name: unknown): name is Family {
  return (familyNames as readonly unknown[]).includes(name)
}

/** Gives the architecture back. Throws MODEL_FILE_INVALID naming the number. */
export function checkedArchitecture(path: string, architecture: Architecture): Architecture {
  for (const key of Object.keys(largest) as (keyof typeof largest)[]) {
    const value = architecture[key]
    if (!Number.isSafeInteger(value) || value < 1 || value > largest[key]) {
      throw invalidFile(path, `is damaged: its ${key} is ${JSON.stringify(value)}`)
    }
  }
  const { heads, keyValueHeads, headSize, normEpsilon, ropeTheta } = architecture
  if (heads % keyValueHeads !== 0 || headSize % 2 !== 0) {
    const found = `${heads} heads, ${keyValueHeads} of keys and values, of size ${headSize}`
    throw invalidFile(path, `is damaged: it has ${found}`)
  }
  if (!(normEpsilon > 0 && normEpsilon < 1) || !(ropeTheta > 1 && Number.isFinite(ropeTheta))) {
    throw invalidFile(path, `is damaged: norm epsilon ${normEpsilon}, rotary base ${ropeTheta}`)
  }
  return architecture
}
