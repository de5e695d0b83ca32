/** Cosines and sines for the rotary embedding, with Llama 3's stretching. */
import type { Architecture } from '../types.ts'
import { ropeFactors } from '../weights/rope-factors.ts'

/** Both (length, headSize / 2), for the positions from `start` on; computed in float64, as F32. */
export function rotaryTables(
  { headSize, ropeTheta, ropeScaling }: Architecture,
  start: number,
  length: number,
): { readonly cos: Float32Array; readonly sin: Float32Array } {
  const half = headSize / 2
  const factors = ropeScaling === undefined ? null : ropeFactors(ropeScaling, ropeTheta, headSize)
  const cos = new Float32Array(length * half)
  const sin = new Float32Array(length * half)
  for (let i = 0; i < half; i++) {
    const frequency = ropeTheta ** ((-2 * i) / headSize) / (factors?.[i] ?? 1)
    for (let t = 0; t < length; t++) {
      cos[t * half + i] = Math.cos((start + t) * frequency)
      sin[t * half + i] = Math.sin((start + t) * frequency)
    }
  }
  return { cos, sin }
}
