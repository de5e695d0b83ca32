/** Chooses how training is to use the memory there is, before it starts. */
import { freemem } from 'node:os'
import { PotstillError } from '../../../core/errors.ts'
import type { AdapterLayout } from '../network/adapter-layout.ts'
import { estimateMemory, type MemoryChoices, type MemoryEstimate } from '../network/memory.ts'
import type { BatchShape } from '../network/micro-batch.ts'
import type { Architecture, TrainingSequence } from '../types.ts'
import { microBatches, type BatchLimits } from './micro-batches.ts'

export interface MemoryPlan extends MemoryChoices {
  readonly limits: BatchLimits
  readonly estimate: MemoryEstimate
}

export interface PlanInput {
  readonly architecture: Architecture
  readonly layout: AdapterLayout
  readonly sequences: readonly TrainingSequence[]
  readonly shared: number
  readonly batchSize: number
  /** Bytes. */
  readonly available: number
}

/** More at once is hardly faster. */
const tokenLimits = [1024, 768, 512, 384, 256, 128, 0] as const
const lengthMultiple = 16

/** Fastest first: merging again at each use costs a few per cent, computing layers again a quarter. */
const choices: readonly MemoryChoices[] = [
  { keepMerged: true, keepActivations: true },
  { keepMerged: false, keepActivations: true },
  { keepMerged: false, keepActivations: false },
]

/** What other programs and an estimate's error may take. */
const reserve = 0.1

/** Free memory of the machine or, where that is less, of the process's container. */
export function availableBytes(): number {
  return Math.min(freemem(), process.availableMemory())
}

/** The fastest way that fits. Throws MEMORY_EXCEEDED, with figures, where none does. */
export function planMemory(input: PlanInput): MemoryPlan {
  const plans = tokenLimits.flatMap((tokens) => choices.map((choice) => planFor(input, tokens, choice)))
  // Batches of half the size cost less than computing layers again, so those come last.
  const ordered = [
    ...plans.filter((plan) => plan.keepActivations),
    ...plans.filter((plan) => !plan.keepActivations),
  ]
  const fitting = ordered.find((plan) => plan.estimate.total <= (1 - reserve) * input.available)
  if (fitting !== undefined) return fitting
  const least = ordered.reduce((a, b) => (b.estimate.total < a.estimate.total ? b : a))
  throw exceeded(least.estimate, input)
}

function planFor(input: PlanInput, tokens: number, choice: MemoryChoices): MemoryPlan {
  const limits = { tokens, multiple: lengthMultiple }
  const { shape, predicted } = largestBatch(input, limits)
  return {
    ...choice,
    limits,
    estimate: estimateMemory(input.architecture, input.layout, shape, predicted, choice),
  }
}

/** As if the longest rows met in one step, each predicted as far as any is. */
function largestBatch(
  { sequences, shared, batchSize }: PlanInput,
  limits: BatchLimits,
): { readonly shape: BatchShape; readonly predicted: number } {
  const longest = sequences.toSorted((a, b) => b.ids.length - a.ids.length).slice(0, batchSize)
  const [{ shape }] = microBatches(longest, shared, limits)
  const trained = Math.max(
    ...sequences.map((sequence) => sequence.trained.reduce((sum, one) => sum + one, 0)),
  )
  return { shape, predicted: trained * shape.rows }
}

function exceeded(least: MemoryEstimate, { sequences, available }: PlanInput): PotstillError {
  const { total, weights, activations, logits, adapter } = least
  const longest = Math.max(...sequences.map(({ ids }) => ids.length))
  return new PotstillError(
    'MEMORY_EXCEEDED',
    `Training needs ${gigabytes(total)} at the least (weights ${gigabytes(weights)}, rows of up to ${longest} tokens ` +
      `${gigabytes(activations)}, logits ${gigabytes(logits)}, the adapter ${gigabytes(adapter)}), ` +
      `and ${gigabytes(available)} are free, of which a tenth is left alone.`,
  )
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e8 ? 2 : 1)} GB`
}
