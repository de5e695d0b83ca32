/** The sessions of a layer's passes, opened when a shape is first met; those of shapes long unused are closed. */
import { sizeOf, type Graph, type TypedArray } from '../../../engine/graph.ts'
import { openSession, type Session } from '../../../engine/session.ts'
import type { Architecture } from '../types.ts'
import type { AdapterLayout } from './adapter-layout.ts'
import { attentionInputs } from './attention-graph.ts'
import { layerGraph } from './layer-graph.ts'
import { backwardGraph, forwardGraph } from './layer-passes.ts'
import { tokenCount, type BatchShape } from './micro-batch.ts'

export type Arrays = Readonly<Record<string, Float32Array>>

/** `inputs` may hold more than is needed; results are written into `outputs`. */
export type Pass = (inputs: Arrays, outputs: Arrays) => Promise<void>

export interface LayerProgram {
  /** Elements of each value that `forward` gives beside "y". */
  readonly keptSizes: Readonly<Record<string, number>>
  forward(): Promise<Pass>
  /** Gives "y" alone. */
  measure(): Promise<Pass>
  backward(): Promise<Pass>
}

export interface LayerPrograms {
  get(shape: BatchShape): LayerProgram
  close(): Promise<void>
}

/** Sessions take memory by the tokens of their shape: about so many are kept open for, the newest shape in any case. */
const mostTokens = 3072

interface Entry {
  readonly tokens: number
  readonly program: LayerProgram
  readonly close: () => Promise<void>
}

export function createLayerPrograms(
  architecture: Architecture,
  layout: AdapterLayout,
  options: { readonly threads?: number; readonly keepActivations: boolean },
): LayerPrograms {
  const entries = new Map<string, Entry>()
  const closing: Promise<void>[] = []
  return {
    get(shape) {
      const key = `${shape.shared} ${shape.rows} ${shape.length}`
      const entry = entries.get(key) ?? createEntry(architecture, layout, shape, options)
      // Last in the map is used last.
      entries.delete(key)
      entries.set(key, entry)
      let left = [...entries.values()].reduce((sum, { tokens }) => sum + tokens, 0)
      for (const [oldKey, old] of entries) {
        if (left <= mostTokens || old === entry) break
        left -= old.tokens
        entries.delete(oldKey)
        closing.push(old.close())
      }
      return entry.program
    },
    async close() {
      await Promise.all([...closing, ...[...entries.values()].map((entry) => entry.close())])
    },
  }
}

function createEntry(
  architecture: Architecture,
  layout: AdapterLayout,
  shape: BatchShape,
  { threads, keepActivations: keep }: { readonly threads?: number; readonly keepActivations: boolean },
): Entry {
  const tables = attentionInputs(architecture, shape)
  const sessions: Promise<Session>[] = []
  const once = (build: () => Graph): (() => Promise<Pass>) => {
    let pass: Promise<Pass> | undefined
    return () => {
      if (pass !== undefined) return pass
      const graph = build()
      const session = openSession(graph, { threads })
      sessions.push(session)
      pass = session.then((opened) => passOf(opened, [...graph.inputs.keys()], tables))
      return pass
    }
  }
  const measure = once(() => forwardGraph(architecture, shape, false))
  const kept = keep ? [...layerGraph(architecture, shape).kept] : []
  return {
    tokens: tokenCount(shape),
    program: {
      keptSizes: Object.fromEntries(kept.map(([name, value]) => [name, sizeOf(value.shape)])),
      measure,
      forward: keep ? once(() => forwardGraph(architecture, shape, true)) : measure,
      backward: once(() => backwardGraph(architecture, shape, layout, keep)),
    },
    close: async () => {
      await Promise.all(sessions.map(async (session) => (await session).close()))
    },
  }
}

function passOf(session: Session, names: readonly string[], tables: Arrays): Pass {
  return async (inputs, outputs) => {
    const needed: Record<string, TypedArray> = {}
    for (const name of names) needed[name] = inputs[name] ?? tables[name]
    await session.run(needed, outputs)
  }
}
