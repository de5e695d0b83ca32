/** A tiny model with rows to train it on, for tests of training. */
import type { BaseModel, TrainingSequence } from '../../src/students/lm/types.ts'
import { createRandom } from '../../src/core/random.ts'
import { createChatEncoder, type ChatEncoder } from '../../src/students/lm/text/encode-conversation.ts'
import { trainingSequences } from '../../src/students/lm/text/training-sequence.ts'
import { openBaseModel } from '../../src/students/lm/weights/base-model.ts'
import { writeTinyModel, type TinyModelOptions } from './tiny-model.ts'

export interface TinyTraining {
  readonly base: BaseModel
  readonly encoder: ChatEncoder
}

export async function tinyTraining(folder: string, options: TinyModelOptions = {}): Promise<TinyTraining> {
  const base = await openBaseModel(await writeTinyModel(folder, options), { cache: folder })
  return { base, encoder: createChatEncoder(base.tokenizer) }
}

/** Rows whose answer follows from the message when `learnable`, and are drawn by lot when not. */
export function tinySequences(
  encoder: ChatEncoder,
  count: number,
  { learnable = true, seed = 1 }: { readonly learnable?: boolean; readonly seed?: number } = {},
): readonly TrainingSequence[] {
  const random = createRandom(seed)
  const answers = ['yes', 'no', 'maybe']
  const words = ['pear', 'plum', 'fig', 'date', 'lime']
  return Array.from({ length: count }, (_, i) => {
    const kind = random.below(answers.length)
    const filler = Array.from({ length: 1 + random.below(3) }, () => words[random.below(words.length)])
    const answer = learnable ? answers[kind] : answers[random.below(answers.length)]
    return trainingSequences(encoder, [
      { role: 'system', content: 'Say yes, no or maybe.' },
      { role: 'user', content: `${answers[kind].toUpperCase()} ${filler.join(' ')} ${i}` },
      { role: 'assistant', content: answer },
    ])[0]
  })
}
