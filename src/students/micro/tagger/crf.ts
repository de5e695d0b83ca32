/** Learns a linear-chain conditional random field (Lafferty, McCallum and Pereira 2001) by AdaGrad with averaged weights. */
import type { Random } from '../../../core/random.ts'
import { tagBagScale } from '../runtime/tag-features.js'
import {
  createTagLattice,
  fillTagBackward,
  fillTagLattice,
  readTagStates,
  type TagLattice,
} from '../runtime/tag-lattice.js'
import type { Segment, WeightLayout } from './encode-rows.ts'

/** Share of a token's features that each step leaves out, so that none is relied upon alone. */
const featureDropout = 0.2
const firstRate = 0.2
const lastRate = 0.02
/** Segments between two updates of the transitions. */
const transitionBatch = 8
/** Gradients smaller than this are left out. */
const negligible = 1e-4

/** Weights and, for each, what AdaGrad and averaging need: the sum of squared gradients, and of changes times their step. */
interface Weights {
  readonly values: Float32Array
  readonly squares: Float32Array
  readonly history: Float32Array
}

export interface Learner {
  readonly tags: readonly string[]
  readonly layout: WeightLayout
  readonly states: Uint8Array
  readonly openers: Uint16Array
  readonly continuations: readonly Uint16Array[]
  readonly emission: Weights
  readonly transition: Weights
  /** Exponentials of the transition weights, as they are in use. */
  readonly transitions: Float32Array
  readonly transitionGradient: Float64Array
  readonly lattice: TagLattice
  /** Segments learned so far. */
  readonly progress: { step: number }
}

function createWeights(length: number, firstSquare: number): Weights {
  return {
    values: new Float32Array(length),
    squares: new Float32Array(length).fill(firstSquare),
    history: new Float32Array(length),
  }
}

export function createLearner(
  layout: WeightLayout,
  tags: readonly string[],
  segments: readonly Segment[],
): Learner {
  const longest = segments.reduce((most, segment) => Math.max(most, segment.length), 1)
  const square = tags.length * tags.length
  const { states, openers, continuations } = readTagStates(tags, tags[0].length)
  const transition = createWeights(square, 1)
  return {
    tags,
    layout,
    states,
    openers,
    continuations,
    emission: createWeights(layout.pairTags.length, 0.1),
    transition,
    transitions: exponentials(transition.values, openers, continuations),
    transitionGradient: new Float64Array(square),
    lattice: createTagLattice(longest, tags.length),
    progress: { step: 0 },
  }
}

/** 0 where a tag may not follow. */
function exponentials(
  weights: Float32Array,
  openers: Uint16Array,
  continuations: readonly Uint16Array[],
): Float32Array {
  const result = new Float32Array(weights.length)
  continuations.forEach((others, from) => {
    for (const to of [...openers, ...others]) {
      result[from * continuations.length + to] = Math.exp(weights[from * continuations.length + to])
    }
  })
  return result
}

/** The learning rate falls linearly over all epochs. `done` is the share of training done, 0..1. */
export function rateAt(done: number): number {
  return firstRate + (lastRate - firstRate) * done
}

/** Learns from one segment. Returns its negative log-likelihood in nats, before the step and under dropout. */
export function learnSegment(learner: Learner, segment: Segment, rate: number, random: Random): number {
  const { tags, transitions, lattice, progress } = learner
  const kept = dropFeatures(segment, random)
  const scores = scoreSegment(learner, kept)
  lattice.length = segment.length
  const logSum = fillTagLattice(lattice, scores, learner, segment.gold)
  const { gold } = segment
  let goldScore = 0
  for (let i = 0; i < segment.length; i++) {
    goldScore += scores[i * tags.length + gold[i]]
    if (i > 0) goldScore += Math.log(transitions[gold[i - 1] * tags.length + gold[i]])
  }
  progress.step++
  fillTagBackward(lattice, transitions, tags.length)
  addTransitionGradient(learner, gold)
  stepEmissions(learner, kept, rate)
  if (progress.step % transitionBatch === 0) stepTransitions(learner, rate)
  return logSum - goldScore
}

function dropFeatures(segment: Segment, random: Random): Segment {
  const features = new Int32Array(segment.features.length)
  const offsets = new Int32Array(segment.offsets.length)
  let count = 0
  for (let i = 0; i < segment.length; i++) {
    for (let k = segment.offsets[i]; k < segment.offsets[i + 1]; k++) {
      if (random.next() >= featureDropout) features[count++] = segment.features[k]
    }
    offsets[i + 1] = count
  }
  return { ...segment, features, offsets }
}

function scoreSegment({ tags, layout, emission }: Learner, segment: Segment): Float64Array {
  const { offsets, pairTags } = layout
  const weights = emission.values
  const everywhere = new Float64Array(tags.length)
  const scale = tagBagScale(segment.bag.length)
  for (const feature of segment.bag) {
    for (let p = offsets[feature]; p < offsets[feature + 1]; p++)
      everywhere[pairTags[p]] += scale * weights[p]
  }
  const scores = new Float64Array(segment.length * tags.length)
  for (let i = 0; i < segment.length; i++) {
    const at = i * tags.length
    scores.set(everywhere, at)
    for (let k = segment.offsets[i]; k < segment.offsets[i + 1]; k++) {
      const feature = segment.features[k]
      const end = offsets[feature + 1]
      for (let p = offsets[feature]; p < end; p++) scores[at + pairTags[p]] += weights[p]
    }
  }
  return scores
}

function addTransitionGradient(learner: Learner, gold: Uint16Array): void {
  const { tags, transitions, transitionGradient, lattice } = learner
  const { active, activeCount, emissions, forward, scales, backward } = lattice
  for (let i = 1; i < gold.length; i++) {
    const at = i * tags.length
    const before = at - tags.length
    for (let k = 0; k < activeCount[i - 1]; k++) {
      const row = active[before + k] * tags.length
      const flow = forward[before + active[before + k]] / scales[i]
      for (let j = 0; j < activeCount[i]; j++) {
        const to = active[at + j]
        transitionGradient[row + to] += flow * transitions[row + to] * emissions[at + to] * backward[at + to]
      }
    }
    transitionGradient[gold[i - 1] * tags.length + gold[i]] -= 1
  }
}

function stepEmissions(learner: Learner, segment: Segment, rate: number): void {
  const { tags, layout, emission, lattice, progress } = learner
  const { backward } = lattice
  const gradient = new Float64Array(tags.length)
  const everywhere = new Float64Array(tags.length)
  for (let i = 0; i < segment.length; i++) {
    const at = i * tags.length
    gradient.fill(0)
    for (let k = 0; k < lattice.activeCount[i]; k++) {
      const tag = lattice.active[at + k]
      gradient[tag] = lattice.forward[at + tag] * backward[at + tag]
    }
    gradient[segment.gold[i]] -= 1
    let any = false
    for (let tag = 0; tag < tags.length; tag++) {
      everywhere[tag] += gradient[tag]
      if (Math.abs(gradient[tag]) < negligible) gradient[tag] = 0
      else any = true
    }
    if (!any) continue
    for (let k = segment.offsets[i]; k < segment.offsets[i + 1]; k++) {
      stepFeature(emission, layout, segment.features[k], gradient, rate, progress.step)
    }
  }
  const scale = tagBagScale(segment.bag.length)
  for (let tag = 0; tag < tags.length; tag++) {
    everywhere[tag] = Math.abs(everywhere[tag]) < negligible ? 0 : everywhere[tag] * scale
  }
  for (const feature of segment.bag) stepFeature(emission, layout, feature, everywhere, rate, progress.step)
}

function stepFeature(
  { values, squares, history }: Weights,
  { offsets, pairTags }: WeightLayout,
  feature: number,
  gradients: Float64Array,
  rate: number,
  step: number,
): void {
  const end = offsets[feature + 1]
  for (let p = offsets[feature]; p < end; p++) {
    const gradient = gradients[pairTags[p]]
    if (gradient === 0) continue
    squares[p] += gradient * gradient
    const change = (-rate * gradient) / Math.sqrt(squares[p])
    values[p] += change
    history[p] += change * step
  }
}

function stepTransitions(learner: Learner, rate: number): void {
  const { values, squares, history } = learner.transition
  const { transitionGradient, progress } = learner
  for (let p = 0; p < values.length; p++) {
    const gradient = transitionGradient[p]
    if (gradient === 0) continue
    squares[p] += gradient * gradient
    const change = (-rate * gradient) / Math.sqrt(squares[p])
    values[p] += change
    history[p] += change * progress.step
  }
  transitionGradient.fill(0)
  learner.transitions.set(exponentials(values, learner.openers, learner.continuations))
}

/** Mean of the weights over all steps so far: steadier than the last ones. */
export function averagedWeights(learner: Learner): { weights: Float32Array; transitions: Float32Array } {
  const steps = learner.progress.step + 1
  const mean = ({ values, history }: Weights): Float32Array =>
    values.map((value, p) => value - history[p] / steps)
  return {
    weights: mean(learner.emission),
    transitions: exponentials(mean(learner.transition), learner.openers, learner.continuations),
  }
}
