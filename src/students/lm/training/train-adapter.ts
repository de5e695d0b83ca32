/** Trains an adapter in a process of its own and reports as it goes: what the lm student's trainer calls. */
import type { StepEvent, TrainProgress } from '../../../core/event.ts'
import { PotstillError } from '../../../core/errors.ts'
import type { Overfitting } from '../../../core/student.ts'
import { adapterLayout, toAdapter } from '../network/adapter-layout.ts'
import { openWorker } from '../process/worker.ts'
import type { ChatEncoder } from '../text/encode-conversation.ts'
import { describeSequence } from '../text/training-sequence.ts'
import type { BaseModel, LoraAdapter, TrainingSequence } from '../types.ts'
import { removeCheckpoint } from './checkpoint.ts'
import { describeOverfitting } from './overfitting.ts'
import { chooseSettings, type ChosenSettings, type TrainingSettings } from './settings.ts'
import type { TrainingCalls, TrainingOutcome } from './training-calls.ts'

export interface TrainAdapterOptions {
  readonly base: BaseModel
  /** Of the base model: shows the first sequence. */
  readonly encoder: ChatEncoder
  readonly sequences: readonly TrainingSequence[]
  /** Held out, see `holdOutRows`; empty: the last epoch is kept. */
  readonly validation: readonly TrainingSequence[]
  readonly chosen?: ChosenSettings
  readonly seed: number
  /** Where training keeps what it needs to go on after a crash; removed at its end. */
  readonly checkpointFolder: string
  /** Ends training soon, with the best so far. */
  readonly signal?: AbortSignal
}

export interface TrainedAdapter {
  readonly adapter: LoraAdapter
  /** One line an epoch. */
  readonly curve: readonly TrainProgress[]
  readonly overfitting: Overfitting
  readonly interrupted: boolean
  /** Without padding; null when it went no step. */
  readonly tokensPerSecond: number | null
  readonly settings: TrainingSettings
}

/**
 * The same adapter, bit for bit, for the same base, sequences, settings and seed, also when the process was killed on
 * the way and this is called again. Throws TRAINING_REFUSED, MEMORY_EXCEEDED, ENGINE_MISSING or INTERRUPTED; the
 * checkpoint then stays.
 */
export async function* trainAdapter(options: TrainAdapterOptions): AsyncGenerator<StepEvent, TrainedAdapter> {
  const { base, encoder, sequences, validation, chosen, seed, checkpointFolder } = options
  refuseUnlearnable(options)
  const settings = chooseSettings(sequences.length, chosen)
  const example = describeSequence(encoder, sequences[0])
  yield { type: 'message', level: 'info', text: `A training row, with what is learned in ⟦ ⟧:\n${example}` }
  const input = { basePath: base.path, sequences, validation, settings, seed, checkpointFolder }
  const outcome = yield* runInProcess(input, options.signal)
  await removeCheckpoint(checkpointFolder)
  const { parameters, curve, interrupted, tokensPerSecond } = outcome
  const layout = adapterLayout(base.architecture, settings)
  return {
    adapter: toAdapter(base.architecture, layout, parameters),
    curve,
    overfitting: describeOverfitting(curve),
    interrupted,
    tokensPerSecond,
    settings,
  }
}

function refuseUnlearnable({ base, sequences, validation }: TrainAdapterOptions): void {
  const { contextLength } = base.architecture
  if (sequences.length === 0) throw new PotstillError('TRAINING_REFUSED', 'There are no rows to train on.')
  for (const [index, { ids, trained }] of [...sequences, ...validation].entries()) {
    if (ids.length > contextLength) {
      throw new PotstillError(
        'TRAINING_REFUSED',
        `Row ${index + 1} has ${ids.length} tokens, and ${base.name} takes ${contextLength}.`,
        { hint: 'Shorten the row or leave it out.' },
      )
    }
    if (trained.indexOf(1, 1) < 0) {
      throw new PotstillError(
        'TRAINING_REFUSED',
        `Nothing is learned from row ${index + 1}: all of it is masked out.`,
      )
    }
  }
}

/** Hands events on as they come. */
async function* runInProcess(
  input: TrainingCalls['train']['input'],
  signal: AbortSignal | undefined,
): AsyncGenerator<StepEvent, TrainingOutcome> {
  const worker = openWorker<TrainingCalls>({
    module: './training-process',
    from: import.meta.url,
    purpose: 'the process that trains',
  })
  const events: StepEvent[] = []
  let wake = (): void => {}
  const onEvent = (event: StepEvent): void => {
    events.push(event)
    wake()
  }
  let isDone = false
  const outcome = worker.call('train', input, { onEvent, signal }).finally(() => {
    isDone = true
    wake()
  })
  // Its failure is thrown below, once the events before it are handed on.
  outcome.catch(() => {})
  try {
    while (!isDone || events.length > 0) {
      const event = events.shift()
      if (event === undefined) await new Promise<void>((resolve) => (wake = resolve))
      else yield event
    }
    return await outcome
  } finally {
    await worker.close()
  }
}
