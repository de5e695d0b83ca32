/** Opens a model, as it is or with an adapter worked in, for answering in a child process or in this one. */
import { coreCount } from '../../../engine/threads.ts'
import { createConstraint } from '../constrain/constraint.ts'
import { mergedModel } from '../export/merged-model.ts'
import { openWorker } from '../process/worker.ts'
import { createTokenizer } from '../text/tokenizer.ts'
import { openDecoder } from './decoder.ts'
import { createGenerator, type ScoringGenerator } from './generator.ts'
import type { GeneratorCalls, GeneratorSettings } from './generator-calls.ts'

const defaultSlots = 16
const defaultContextTokens = 4096

/**
 * In a child process, for computing blocks the event loop. Throws ENGINE_MISSING where onnxruntime-node is not there,
 * STUDENT_DAMAGED where the adapter does not fit, MODEL_FILE_INVALID where weights are missing.
 */
export async function openGenerator({ base, ...settings }: GeneratorSettings): Promise<ScoringGenerator> {
  const worker = openWorker<GeneratorCalls>({
    module: './generator-process',
    from: import.meta.url,
    purpose: 'the process that answers',
  })
  try {
    await worker.call('open', { path: base.path, sha256: base.sha256, ...settings })
  } catch (error) {
    await worker.close()
    throw error
  }
  return {
    async generate(request, { signal, onText } = {}) {
      signal?.throwIfAborted()
      return untilAborted(signal, worker.call('generate', request, { signal, onEvent: onText }))
    },
    async score(prompt, continuation, { signal } = {}) {
      signal?.throwIfAborted()
      return untilAborted(signal, worker.call('score', { prompt, continuation }, { signal }))
    },
    close: () => worker.close(),
  }
}

/** In this process: its event loop stands still while a step is computed. `base` may be closed afterwards. */
export async function openLocalGenerator(settings: GeneratorSettings): Promise<ScoringGenerator> {
  const { base, adapter, weights, slots = defaultSlots, threads = coreCount() } = settings
  const { contextLength } = base.architecture
  const contextTokens = Math.min(settings.contextTokens ?? defaultContextTokens, contextLength)
  const source = adapter === null ? base : mergedModel(base, adapter)
  const decoder = await openDecoder(source, { weights, rows: slots, contextTokens, threads })
  return createGenerator({ decoder, tokenizer: createTokenizer(base.tokenizer), createConstraint })
}

/** The child says that it was cancelled; the caller gets its own reason. */
async function untilAborted<Result>(
  signal: AbortSignal | undefined,
  result: Promise<Result>,
): Promise<Result> {
  try {
    return await result
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
