/** Trains an adapter: epochs of steps, a look at the held-out rows after each, and a checkpoint now and then. */
import { clipByGlobalNorm, createAdamW, type AdamW } from '../../../engine/adamw.ts'
import { learningRateAt } from '../../../engine/schedule.ts'
import type { StepEvent, TrainProgress } from '../../../core/event.ts'
import { PotstillError } from '../../../core/errors.ts'
import { createRandom } from '../../../core/random.ts'
import type { BatchLoss } from '../network/head.ts'
import type { MicroBatch } from '../network/micro-batch.ts'
import type { Network } from '../network/network.ts'
import type { TrainingSequence } from '../types.ts'
import { microBatches, orderSteps, type BatchLimits } from './micro-batches.ts'
import type { TrainingSettings } from './settings.ts'

export interface TrainingTask {
  readonly sequences: readonly TrainingSequence[]
  /** Empty: the last epoch is kept. */
  readonly validation: readonly TrainingSequence[]
  readonly settings: TrainingSettings
  readonly seed: number
  /** Tokens that all sequences begin with: see `commonBeginning`. */
  readonly shared: number
  readonly limits: BatchLimits
}

/** Everything that the rest of the training depends on; `arrays` are written in place. */
export interface TrainingState {
  /** Epochs behind, and steps of the one under way. */
  epoch: number
  step: number
  /** Optimiser steps so far. */
  steps: number
  /** Sums over the epoch under way. */
  loss: number
  predicted: number
  curve: TrainProgress[]
  readonly arrays: {
    readonly parameters: Float32Array
    readonly firstMoments: Float32Array
    readonly secondMoments: Float32Array
    /** The parameters of the epoch with the least held-out loss. */
    readonly best: Float32Array
  }
}

export interface TrainingTools {
  readonly network: Network
  readonly emit: (event: StepEvent) => void
  /** Milliseconds, for rates and for when to write a checkpoint; nothing that is learned depends on it. */
  readonly now: () => number
  /** Called between steps; the state must not change before it is done. */
  readonly save: (state: TrainingState) => Promise<void>
  readonly signal: AbortSignal
}

export interface TrainedParameters {
  readonly parameters: Float32Array
  readonly curve: readonly TrainProgress[]
  readonly interrupted: boolean
  readonly tokensPerSecond: number | null
}

const checkpointEveryMs = 30_000

export function initialState(parameters: Float32Array): TrainingState {
  const zeros = (): Float32Array => new Float32Array(parameters.length)
  const arrays = { parameters, firstMoments: zeros(), secondMoments: zeros(), best: zeros() }
  return { epoch: 0, step: 0, steps: 0, loss: 0, predicted: 0, curve: [], arrays }
}

/** Goes on from `state`, whose parameters are the network's. Ends soon, with the best so far, once the signal says. */
export async function trainParameters(
  task: TrainingTask,
  state: TrainingState,
  tools: TrainingTools,
): Promise<TrainedParameters> {
  const run = startRun(task, state, tools)
  let interrupted = false
  try {
    while (state.epoch < task.settings.epochs && !hasStalled(state.curve, task.settings.patience)) {
      await trainEpoch(run)
    }
  } catch (error) {
    if (!tools.signal.aborted) throw error
    interrupted = true
  }
  const { arrays, curve } = state
  const hasBest = curve.some((line) => line.validationLoss !== null)
  return {
    parameters: hasBest ? arrays.best : arrays.parameters,
    curve,
    interrupted,
    tokensPerSecond: run.meter.rate(),
  }
}

interface Run {
  readonly task: TrainingTask
  readonly state: TrainingState
  readonly tools: TrainingTools
  readonly optimiser: AdamW
  readonly gradients: Float32Array
  readonly meter: Meter
  readonly stepsPerEpoch: number
  savedAt: number
}

function startRun(task: TrainingTask, state: TrainingState, tools: TrainingTools): Run {
  const { parameters, firstMoments, secondMoments } = state.arrays
  const { settings } = task
  const gradients = new Float32Array(parameters.length)
  const optimiser = createAdamW({
    parameters,
    gradients,
    learningRate: settings.learningRate,
    weightDecay: settings.weightDecay,
    state: { steps: state.steps, firstMoments, secondMoments },
  })
  return {
    task,
    state,
    tools,
    optimiser,
    gradients,
    meter: createMeter(tools.now),
    stepsPerEpoch: Math.ceil(task.sequences.length / settings.batchSize),
    savedAt: tools.now(),
  }
}

async function trainEpoch(run: Run): Promise<void> {
  const { task, state, tools } = run
  const { sequences, settings, seed } = task
  // The order follows from seed and epoch alone, so a training that goes on finds it again.
  const steps = orderSteps(sequences, settings.batchSize, createRandom(seed * 1_000_003 + state.epoch))
  while (state.step < steps.length) {
    const rows = steps[state.step].map((row) => sequences[row])
    const loss = await trainStep(run, rows)
    state.loss += loss.loss
    state.predicted += loss.count
    state.step++
    state.steps++
    emitProgress(run, loss)
    if (tools.now() - run.savedAt >= checkpointEveryMs) await save(run)
  }
  await endEpoch(run)
}

async function trainStep(
  { task, state, tools, optimiser, gradients, stepsPerEpoch, meter }: Run,
  rows: readonly TrainingSequence[],
): Promise<BatchLoss> {
  const { settings, shared, limits } = task
  const started = tools.now()
  const batches = microBatches(rows, shared, limits)
  gradients.fill(0)
  const losses: BatchLoss[] = []
  for (const batch of batches) losses.push(await tools.network.learn(batch, gradients, tools.signal))
  const total = addLosses(losses)
  scaleGradients(gradients, 1 / Math.max(1, total.count))
  const norm = clipByGlobalNorm(gradients, settings.gradientNorm)
  if (!Number.isFinite(norm) || !Number.isFinite(total.loss)) throw diverged(state, settings)
  const totalSteps = stepsPerEpoch * settings.epochs
  const warmUpSteps = Math.max(1, Math.round(settings.warmUp * totalSteps))
  optimiser.step(
    learningRateAt(state.steps, { peak: settings.learningRate, warmUpSteps, totalSteps, decay: 'cosine' }),
  )
  tools.network.parametersChanged()
  meter.add(batches, started)
  return total
}

function diverged({ epoch, step }: TrainingState, { learningRate }: TrainingSettings): PotstillError {
  const where = `in epoch ${epoch + 1}, step ${step + 1}`
  return new PotstillError('TRAINING_REFUSED', `The loss is no longer a number ${where}.`, {
    hint: `Lower the learning rate, now ${learningRate}.`,
  })
}

async function endEpoch(run: Run): Promise<void> {
  const { task, state, tools } = run
  const held = await measure(task.validation, task, tools)
  const validationLoss = held === null ? null : held.loss / held.count
  const before = state.curve.flatMap((line) => line.validationLoss ?? [])
  const isBest = validationLoss === null || validationLoss < Math.min(...before)
  if (isBest) state.arrays.best.set(state.arrays.parameters)
  const line: TrainProgress = {
    type: 'train',
    part: 'adapter',
    epoch: state.epoch + 1,
    epochs: task.settings.epochs,
    trainLoss: state.loss / state.predicted,
    validationLoss,
    validationAccuracy: held === null ? null : held.correct / held.count,
    best: isBest,
  }
  state.curve.push(line)
  state.epoch++
  state.step = 0
  state.loss = 0
  state.predicted = 0
  // What is told of is on disk: a crash right after it loses nothing.
  await save(run)
  tools.emit(line)
}

/** Sums over the held-out rows; null when there are none. */
async function measure(
  sequences: readonly TrainingSequence[],
  { shared, limits }: TrainingTask,
  { network, signal }: TrainingTools,
): Promise<BatchLoss | null> {
  const losses: BatchLoss[] = []
  for (const batch of microBatches(sequences, shared, limits))
    losses.push(await network.measure(batch, signal))
  return losses.length === 0 ? null : addLosses(losses)
}

/** True when the held-out loss has not fallen for so many epochs. */
function hasStalled(curve: readonly TrainProgress[], patience: number): boolean {
  return curve.length > patience && !curve.slice(-patience).some((line) => line.best)
}

async function save(run: Run): Promise<void> {
  await run.tools.save(run.state)
  run.savedAt = run.tools.now()
}

function emitProgress({ state, tools, task, stepsPerEpoch, meter }: Run, loss: BatchLoss): void {
  tools.emit({
    type: 'progress',
    step: 'train',
    label: 'training steps',
    done: state.steps,
    total: stepsPerEpoch * task.settings.epochs,
    detail: `${Math.round(meter.rate() ?? 0)} tokens/s, loss ${(loss.loss / loss.count).toFixed(3)}`,
  })
}

function addLosses(losses: readonly BatchLoss[]): BatchLoss {
  return losses.reduce(
    (sum, { loss, correct, count }) => ({
      loss: sum.loss + loss,
      correct: sum.correct + correct,
      count: sum.count + count,
    }),
    { loss: 0, correct: 0, count: 0 },
  )
}

function scaleGradients(gradients: Float32Array, factor: number): void {
  for (let i = 0; i < gradients.length; i++) gradients[i] *= factor
}

interface Meter {
  add(batches: readonly MicroBatch[], started: number): void
  /** Tokens a second without padding, over the steps so far; null before the first. */
  rate(): number | null
}

function createMeter(now: () => number): Meter {
  let tokens = 0
  let ms = 0
  return {
    add(batches, started) {
      for (const batch of batches) tokens += batch.tokens
      ms += now() - started
    },
    rate: () => (ms === 0 ? null : tokens / (ms / 1000)),
  }
}
