/** Runs a graph with ONNX Runtime on this machine's processor. */
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { messageOf, PotstillError } from '../core/errors.ts'
import { holds, shapeText, sizeOf, type Graph, type TypedArray, type Value } from './graph.ts'
import { lower, type LoweringOptions } from './lower.ts'
import { encodeOnnx } from './onnx-model.ts'
import { coreCount } from './threads.ts'

export interface Session {
  /**
   * Takes each input by its name and gives each output. Arrays are read in place; an output that is named in
   * `outputs` is written into the array given there, which may be part of a larger one, or the one that an input
   * lies in. Blocks the process's event loop until it is done. Throws where a name, type or length does not fit.
   */
  run(inputs: Arrays, outputs?: Arrays): Promise<Record<string, TypedArray>>
  /** Frees the memory. */
  close(): Promise<void>
}

type Arrays = Readonly<Record<string, TypedArray>>

export interface SessionOptions extends LoweringOptions {
  /** The number of physical cores when absent. */
  readonly threads?: number
}

/** Larger constants are read where they are instead of being copied into the model. */
const inlineBytes = 1024

type Runtime = typeof import('onnxruntime-node')

/** Throws ENGINE_MISSING where onnxruntime-node is not installed or does not load. */
export async function openSession(g: Graph, { threads, ...options }: SessionOptions = {}): Promise<Session> {
  const runtime = await loadRuntime()
  const { bytes, externalData } = encodeOnnx(lower(g, options), inlineBytes)
  const session = await runtime.InferenceSession.create(bytes, {
    externalData,
    ...executionOptions(threads ?? coreCount()),
  })
  return createSession(g, runtime, session, externalData)
}

/** How every session runs, whatever made its graph. */
export function executionOptions(threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Reserves memory for the whole run at once: slower, and 40 % more memory, for graphs that run many times.
    enableMemPattern: false,
    // What goes wrong is thrown, so it need not be printed too.
    logSeverityLevel: 4,
    // The threads of one session would otherwise keep the cores busy while another one works.
    extra: { session: { force_spinning_stop: '1' } },
  }
}

/** The package that computes, loaded when first needed. Throws ENGINE_MISSING. */
export async function loadRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node')
  } catch (cause) {
    const message = `onnxruntime-node is missing or does not load: ${messageOf(cause)}`
    throw new PotstillError('ENGINE_MISSING', message, { cause })
  }
}

function createSession(
  g: Graph,
  { Tensor }: Runtime,
  session: InferenceSession,
  externalData: readonly unknown[],
): Session {
  const tensorOf = (place: string, value: Value, data: TypedArray): Tensor => {
    checkArray(place, value, data)
    return new Tensor(value.type, data, value.shape)
  }
  return {
    async run(inputs, outputs = {}) {
      checkNames('input', inputs, g.inputs)
      checkNames('output', outputs, g.outputs)
      const feeds: Record<string, Tensor> = {}
      for (const name of session.inputNames) {
        if (inputs[name] === undefined) throw new Error(`run: input "${name}" is missing`)
        feeds[name] = tensorOf(`input "${name}"`, g.inputs.get(name) as Value, inputs[name])
      }
      const fetches: Record<string, Tensor | null> = {}
      for (const [name, value] of g.outputs) {
        fetches[name] = name in outputs ? tensorOf(`output "${name}"`, value, outputs[name]) : null
      }
      const results = await session.run(feeds, fetches)
      const named = [...g.outputs.keys()].map((name) => [name, outputs[name] ?? results[name].data])
      return Object.fromEntries(named) as Record<string, TypedArray>
    },
    async close() {
      await session.release()
      // The session reads constants in place, so they must not be collected before it is gone.
      void externalData
    },
  }
}

function checkNames(kind: string, given: Arrays, known: ReadonlyMap<string, Value>): void {
  for (const name of Object.keys(given)) {
    if (known.has(name)) continue
    throw new Error(`run: there is no ${kind} "${name}"; there are ${[...known.keys()].join(', ')}`)
  }
}

function checkArray(place: string, { shape, type }: Value, data: TypedArray): void {
  if (!holds(data, type)) throw new Error(`run: ${place} is ${type}, got ${data.constructor.name}`)
  if (data.length !== sizeOf(shape)) {
    throw new Error(`run: ${place} ${shapeText(shape)} takes ${sizeOf(shape)} numbers, got ${data.length}`)
  }
  if (data.buffer instanceof SharedArrayBuffer) {
    throw new Error(`run: ${place} lies in a SharedArrayBuffer, which ONNX Runtime does not take`)
  }
}
