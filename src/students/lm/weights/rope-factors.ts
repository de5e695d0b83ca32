/** Llama 3's stretching of rotary frequencies as GGUF has it: one divisor a frequency. */
import type { Architecture } from '../types.ts'

type Scaling = NonNullable<Architecture['ropeScaling']>

/** headSize / 2 divisors, by the formula of Llama 3.1 (transformers' "llama3"). */
export function ropeFactors(scaling: Scaling, ropeTheta: number, headSize: number): Float32Array {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = scaling
  return Float32Array.from({ length: headSize / 2 }, (_, i) => {
    const waveLength = 2 * Math.PI * ropeTheta ** ((2 * i) / headSize)
    const turns = originalContextLength / waveLength
    if (turns > high) return 1
    if (turns < low) return factor
    const smooth = (turns - low) / (high - low)
    return 1 / ((1 - smooth) / factor + smooth)
  })
}

/** All Llama 3.x models were stretched from this length with these bounds; GGUF files do not say so. */
const llama3 = { lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192 } as const

/** The scaling that gives these divisors, or null when none of Llama 3's does. */
export function scalingFromFactors(
  factors: Float32Array,
  ropeTheta: number,
  headSize: number,
): Scaling | null {
  const scaling = { factor: Math.max(...factors), ...llama3 }
  const expected = ropeFactors(scaling, ropeTheta, headSize)
  const isSame =
    factors.length === expected.length &&
    expected.every((value, i) => Math.abs(value - factors[i]) <= 1e-3 * value)
  return isSame ? scaling : null
}
