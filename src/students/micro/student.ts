/** The micro student as a ChatModel: it answers the last user message of a request, and nothing else of it. */
import { renderAnswer } from '../../core/answer.ts'
import { lastUserMessage, type ChatModel } from '../../core/chat-model.ts'
import type { Json } from '../../core/json.ts'
import { readManifest } from '../student-folder.ts'
import { composeAnswer } from './runtime/answer.js'
import { classify } from './runtime/classifier.js'
import { tag } from './runtime/tagger.js'
import { readModel, type MicroModel } from './student-files.ts'

/** `confidence` is the calibrated probability that the whole of `output` is right. */
function answer(
  { plan, classifier, tagger }: MicroModel,
  input: string,
): { output: Json; confidence: number } {
  return composeAnswer(
    plan,
    classifier === null ? {} : classify(classifier, input),
    tagger === null ? {} : tag(tagger, input),
  )
}

/**
 * Opens a student's folder. Replies carry a confidence and the time they took, and no price: what a local
 * student costs is the caller's to say. Throws STUDENT_NOT_FOUND or STUDENT_DAMAGED.
 */
export async function openMicroStudent(folder: string): Promise<ChatModel> {
  const manifest = await readManifest(folder, ['micro'])
  const model = await readModel(folder, manifest)
  return {
    id: `student/${manifest.name}@${manifest.version}`,
    source: 'student',
    // eslint-disable-next-line typescript/require-await -- what it throws must come as a rejection
    complete: async (request, signal) => {
      signal?.throwIfAborted()
      const start = performance.now()
      const { output, confidence } = answer(model, lastUserMessage(request))
      const content = renderAnswer(manifest.task, output)
      const latencyMs = performance.now() - start
      return { content, finishReason: 'stop', usage: null, latencyMs, priceUsd: null, confidence, raw: null }
    },
  }
}
