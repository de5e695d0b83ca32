/** Opens the base model, trains in this process, and goes on from a checkpoint where there is one. */
import type { StepEvent } from '../../../core/event.ts'
import { hashJson } from '../../../core/hash.ts'
import { createRandom } from '../../../core/random.ts'
import { adapterLayout, initialParameters, type AdapterLayout } from '../network/adapter-layout.ts'
import { openNetwork } from '../network/network.ts'
import type { BaseModel, TrainingSequence } from '../types.ts'
import { openBaseModel } from '../weights/base-model.ts'
import { readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts'
import { availableBytes, planMemory, type MemoryPlan } from './memory-plan.ts'
import { commonBeginning, type BatchLimits } from './micro-batches.ts'
import type { TrainingInput, TrainingOutcome } from './training-calls.ts'
import { initialState, trainParameters, type TrainingState } from './training-loop.ts'

interface Context {
  readonly emit: (event: StepEvent) => void
  readonly signal: AbortSignal
}

export async function trainInProcess(input: TrainingInput, context: Context): Promise<TrainingOutcome> {
  const base = await openBaseModel(input.basePath)
  try {
    return await trainOn(base, input, context)
  } finally {
    await base.close()
  }
}

async function trainOn(
  base: BaseModel,
  input: TrainingInput,
  { emit, signal }: Context,
): Promise<TrainingOutcome> {
  const { checkpointFolder } = input
  const layout = adapterLayout(base.architecture, input.settings)
  const key = trainingKey(base, input)
  const kept = await readCheckpoint<SavedState>(checkpointFolder, key)
  const shared = commonBeginning([...input.sequences, ...input.validation])
  const plan = planFor(base, layout, input, shared)
  emit(message(`Training takes about ${(plan.estimate.total / 1e9).toFixed(1)} GB of memory.`))
  // Sums depend on how rows are batched, so a training that goes on batches them as before.
  const limits = kept?.state.limits ?? plan.limits
  const state = kept === null ? newState(base, layout, input.seed) : restore(kept)
  if (kept !== null) {
    const behind = `${state.epoch} epochs and ${state.step} steps`
    emit(message(`Training goes on from its checkpoint, after ${behind}.`))
  }
  const network = await openNetwork(base, layout, state.arrays.parameters, plan)
  try {
    const trained = await trainParameters({ ...input, shared, limits }, state, {
      network,
      emit,
      signal,
      now: () => performance.now(),
      save: ({ arrays, ...progress }) =>
        writeCheckpoint<SavedState>(checkpointFolder, key, { state: { progress, limits }, arrays }),
    })
    return { ...trained, limits, memoryBytes: plan.estimate.total }
  } finally {
    await network.close()
  }
}

function planFor(
  { architecture }: BaseModel,
  layout: AdapterLayout,
  { sequences, validation, settings }: TrainingInput,
  shared: number,
): MemoryPlan {
  return planMemory({
    architecture,
    layout,
    sequences: [...sequences, ...validation],
    shared,
    batchSize: settings.batchSize,
    available: availableBytes(),
  })
}

function newState({ architecture }: BaseModel, layout: AdapterLayout, seed: number): TrainingState {
  return initialState(initialParameters(architecture, layout, createRandom(seed)))
}

function message(text: string): StepEvent {
  return { type: 'message', level: 'info', text }
}

interface SavedState {
  readonly progress: Omit<TrainingState, 'arrays'>
  readonly limits: BatchLimits
}

function restore({ state, arrays }: Checkpoint<SavedState>): TrainingState {
  const { parameters, firstMoments, secondMoments, best } = arrays
  return { ...state.progress, arrays: { parameters, firstMoments, secondMoments, best } }
}

/** Whatever decides the result. */
function trainingKey(
  { sha256 }: BaseModel,
  { settings, seed, sequences, validation }: TrainingInput,
): string {
  return hashJson({ sha256, settings, seed, sequences: plain(sequences), validation: plain(validation) })
}

function plain(sequences: readonly TrainingSequence[]): unknown[] {
  return sequences.map(({ ids, trained, sharedPrefix }) => [ids.join(), trained.join(''), sharedPrefix])
}
