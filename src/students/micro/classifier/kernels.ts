/**
 * The inner loops of training, over 128-bit vectors in WebAssembly: several times faster than the same loops in
 * JavaScript, and bit for bit the same on every machine.
 */
import { kernelModule } from './kernel-module.ts'

/**
 * Loops over rows of weights (any x width), `count` of them, picked by `indices`. Addresses are in bytes (the
 * byteOffset of an array of the same memory); width is a multiple of 4.
 */
type RowLoop = (
  vector: number,
  weights: number,
  indices: number,
  values: number,
  count: number,
  width: number,
) => void

export interface Kernels {
  /** Room for numbers, zeroed. */
  readonly floats: (length: number) => Float32Array<ArrayBuffer>
  readonly integers: (length: number) => Int32Array<ArrayBuffer>
  /** vector[j] += sum over i of values[i] x weights[indices[i], j] */
  readonly addRows: RowLoop
  /** weights[indices[i], j] += values[i] x vector[j] */
  readonly addToRows: RowLoop
  /** values[i] = sum over j of weights[indices[i], j] x vector[j] */
  readonly dotRows: RowLoop
}

/** What is used of the global of that name, whose types come only with a browser's. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
}

const pageBytes = 65536
const alignment = 16

let compiled: object | undefined

/** The next multiple of 4, and never 0: the width of rows that a kernel can take. */
export function paddedWidth(length: number): number {
  return Math.max(4, Math.ceil(length / 4) * 4)
}

/** `numbers` is how many will be asked for in all, in at most `arrays` arrays. */
export function createKernels(numbers: number, arrays: number): Kernels {
  const pages = Math.ceil((numbers * 4 + (arrays + 1) * alignment) / pageBytes)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  compiled ??= new WebAssembly.Module(kernelModule())
  const loops = new WebAssembly.Instance(compiled, { m: { m: memory } }).exports as Pick<
    Kernels,
    'addRows' | 'addToRows' | 'dotRows'
  >
  let free = 0
  const take = (length: number): number => {
    const address = free
    free += Math.ceil((length * 4) / alignment) * alignment
    return address
  }
  return {
    floats: (length) => new Float32Array(memory.buffer, take(length), length),
    integers: (length) => new Int32Array(memory.buffer, take(length), length),
    addRows: loops.addRows,
    addToRows: loops.addToRows,
    dotRows: loops.dotRows,
  }
}
