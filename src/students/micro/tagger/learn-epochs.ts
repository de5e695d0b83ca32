/** Trains one or several taggers epoch by epoch, side by side, and keeps the epoch that does best on held-out rows. */
import type { TrainProgress } from '../../../core/event.ts'
import type { Random } from '../../../core/random.ts'
import { indexTagFeatures, type TaggerModel, type TagTrim } from '../runtime/tagger.js'
import { averagedWeights, createLearner, learnSegment, rateAt, type Learner } from './crf.ts'
import { encodeRows, type Segment } from './encode-rows.ts'
import { judgeRow, type HeldOutRow, type JudgedRow } from './judge-tags.ts'
import { pruneWeights } from './prune-weights.ts'
import { collectTags, collectTrims, type SpanField, type TaggedRow } from './tag-rows.ts'

/** A tagger in training and the rows that it does not see. */
export interface Trial {
  readonly fields: readonly SpanField[]
  readonly learner: Learner
  readonly segments: readonly Segment[]
  readonly skipped: number
  readonly trims: readonly TagTrim[]
  readonly random: Random
  readonly heldOut: readonly HeldOutRow[]
}

export interface EpochScore {
  readonly trainLoss: number
  readonly heldOutLoss: number | null
  readonly exact: number | null
}

export interface BestEpoch {
  /** From 1. */
  readonly epoch: number
  readonly models: readonly TaggerModel[]
  readonly judged: readonly JudgedRow[]
}

export interface EpochSearch {
  readonly best: BestEpoch
  readonly scores: readonly EpochScore[]
}

/** Tokens learned between two turns of the event loop: some tens of milliseconds at most. */
const tokensPerTurn = 1000

export function createTrial(
  rows: readonly TaggedRow[],
  fields: readonly SpanField[],
  heldOut: readonly HeldOutRow[],
  random: Random,
): Trial {
  const tags = collectTags(rows, fields.length)
  const { segments, layout, skipped } = encodeRows(rows, tags, fields.length)
  return {
    fields,
    learner: createLearner(layout, tags, segments),
    segments,
    skipped,
    trims: collectTrims(rows),
    random,
    heldOut,
  }
}

/** The best epoch has most held-out rows right, of equals the least loss; without held-out rows it is the last. */
export async function* searchEpochs(
  trials: readonly Trial[],
  epochs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainProgress, EpochSearch> {
  const scores: EpochScore[] = []
  let best: BestEpoch | null = null
  let bestScore: EpochScore | null = null
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const trained = await runEpoch(trials, epoch, epochs, signal)
    if (signal?.aborted === true && best !== null) break
    const models = trials.map(modelOf)
    const judged = await judgeAll(trials, models)
    const score = { trainLoss: trained, ...scoreOf(judged) }
    scores.push(score)
    const better = bestScore === null || isBetter(score, bestScore)
    if (better) {
      best = { epoch, models, judged }
      bestScore = score
    }
    yield progressOf(score, epoch, epochs, better)
    if (signal?.aborted === true) break
  }
  if (best === null) throw new RangeError(`searchEpochs: at least one epoch, got ${epochs}`)
  return { best, scores }
}

/** The model after the first `epochs` of a schedule of `scheduledEpochs`. */
export async function learnEpochs(
  trial: Trial,
  epochs: number,
  scheduledEpochs: number,
): Promise<TaggerModel> {
  for (let epoch = 1; epoch <= epochs; epoch++) await runEpoch([trial], epoch, scheduledEpochs, undefined)
  return modelOf(trial)
}

function progressOf(score: EpochScore, epoch: number, epochs: number, best: boolean): TrainProgress {
  return {
    type: 'train',
    part: 'tagger',
    epoch,
    epochs,
    trainLoss: score.trainLoss,
    validationLoss: score.heldOutLoss,
    validationAccuracy: score.exact,
    best,
  }
}

function isBetter(a: EpochScore, b: EpochScore): boolean {
  if (a.exact === null || b.exact === null || a.heldOutLoss === null || b.heldOutLoss === null) return true
  return a.exact === b.exact ? a.heldOutLoss < b.heldOutLoss : a.exact > b.exact
}

/** One pass of each trial over its rows, or less when aborted. Returns the mean loss per token in nats. */
async function runEpoch(
  trials: readonly Trial[],
  epoch: number,
  epochs: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let loss = 0
  let tokens = 0
  let turn = tokensPerTurn
  for (const { learner, segments, random } of trials) {
    const order = random.shuffle(Uint32Array.from(segments.keys()))
    for (let k = 0; k < order.length; k++) {
      const segment = segments[order[k]]
      const done = (epoch - 1 + k / order.length) / epochs
      loss += learnSegment(learner, segment, rateAt(done), random)
      tokens += segment.length
      if (tokens < turn) continue
      turn = tokens + tokensPerTurn
      await nextTurn()
      if (signal?.aborted === true) break
    }
  }
  return tokens === 0 ? 0 : loss / tokens
}

/** Lets timers, signals and the terminal have their turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function modelOf({ fields, learner, trims }: Trial): TaggerModel {
  const { tags, states, openers, continuations, layout } = learner
  const { weights, transitions } = averagedWeights(learner)
  const pruned = pruneWeights(layout, weights)
  return {
    fields,
    tags,
    states,
    openers,
    continuations,
    slots: indexTagFeatures(pruned.hashes),
    ...pruned,
    transitions,
    trims,
    calibration: Float64Array.from({ length: 2 * fields.length }, (_, i) => 1 - (i % 2)),
  }
}

async function judgeAll(trials: readonly Trial[], models: readonly TaggerModel[]): Promise<JudgedRow[]> {
  const judged: JudgedRow[] = []
  for (const [i, { heldOut }] of trials.entries()) {
    for (const row of heldOut) {
      judged.push(judgeRow(models[i], row))
      if (judged.length % 100 === 0) await nextTurn()
    }
  }
  return judged
}

function scoreOf(judged: readonly JudgedRow[]): Omit<EpochScore, 'trainLoss'> {
  if (judged.length === 0) return { heldOutLoss: null, exact: null }
  const tokens = judged.reduce((sum, row) => sum + row.tokens, 0)
  const loss = judged.reduce((sum, row) => sum + row.loss, 0)
  const exact = judged.filter((row) => row.fields.every((field) => field.right)).length
  return { heldOutLoss: tokens === 0 ? 0 : loss / tokens, exact: exact / judged.length }
}
