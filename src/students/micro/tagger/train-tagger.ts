/** Trains the micro student's span tagger: one for all fields whose answers are quoted from the input. */
import type { TrainProgress } from '../../../core/event.ts'
import type { Json } from '../../../core/json.ts'
import { createRandom } from '../../../core/random.ts'
import type { Overfitting } from '../../../core/student.ts'
import type { HeldOut, PartOptions } from '../held-out.ts'
import type { TagAnswer, TaggerModel } from '../runtime/tagger.js'
import { fitTagCalibration } from './calibrate.ts'
import { calibratedAnswer } from './judge-tags.ts'
import { createTrial, learnEpochs, searchEpochs, type EpochSearch, type Trial } from './learn-epochs.ts'
import { tagRows, type SpanField, type TaggedRow, type TaggerRow } from './tag-rows.ts'

export type { SpanField, TaggerRow } from './tag-rows.ts'

export interface TrainedTagger {
  readonly model: TaggerModel
  /** By models that did not see the row; `index` into the held-out rows ('rows') or the training rows ('folds'). */
  readonly heldOut: readonly { readonly index: number; readonly spans: TagAnswer }[]
  /** The epoch whose weights are kept, from 1. */
  readonly epochs: number
  readonly overfitting: Overfitting
  /** Quotes of the training rows that do not stand in their inputs, not even in another case or Unicode form. */
  readonly unaligned: number
  readonly details: Readonly<Record<string, Json>>
  readonly interrupted: boolean
}

/**
 * Learns from rows whose quotes stand in their inputs; a quote that does not is counted and left out. Held-out
 * rows choose the epoch and calibrate. Losses are negative log-likelihoods per token in nats, the training loss
 * under dropout. The same rows, options and seed give the same bytes. An abort ends it soon, with the best so far.
 */
export async function* trainTagger(
  rows: readonly TaggerRow[],
  fields: readonly SpanField[],
  heldOut: HeldOut<TaggerRow>,
  options: PartOptions,
): AsyncGenerator<TrainProgress, TrainedTagger> {
  const tagged = tagRows(rows, fields)
  const epochs = Math.max(1, Math.min(options.epochs ?? Infinity, usualEpochs(rows.length)))
  const trials = heldOutTrials(rows, tagged.rows, fields, heldOut, options.seed)
  const search = yield* searchEpochs(trials, epochs, options.signal)
  const { best } = search
  const [final, model] =
    heldOut.kind === 'folds'
      ? await trainOnAll(tagged.rows, fields, best.epoch, epochs, options.seed)
      : [trials[0], best.models[0]]
  const judged = best.judged.flatMap((row) => row.fields)
  const calibrated = { ...model, calibration: fitTagCalibration(judged, fields.length) }
  return {
    model: calibrated,
    heldOut: best.judged.map((row) => ({ index: row.index, spans: calibratedAnswer(calibrated, row) })),
    epochs: best.epoch,
    overfitting: describeOverfitting(search),
    unaligned: tagged.unaligned,
    details: describe(final, model, tagged.unaligned, search),
    interrupted: options.signal?.aborted === true,
  }
}

/** More passes where there is less to learn from. */
function usualEpochs(rows: number): number {
  if (rows >= 2000) return 8
  return rows >= 500 ? 12 : 20
}

function heldOutTrials(
  rows: readonly TaggerRow[],
  tagged: readonly TaggedRow[],
  fields: readonly SpanField[],
  heldOut: HeldOut<TaggerRow>,
  seed: number,
): Trial[] {
  if (heldOut.kind === 'nothing') return [createTrial(tagged, fields, [], createRandom(seed))]
  if (heldOut.kind === 'rows') {
    const held = tagRows(heldOut.rows, fields).rows.map((row, index) => ({
      index,
      row: heldOut.rows[index],
      tagged: row,
    }))
    return [createTrial(tagged, fields, held, createRandom(seed))]
  }
  return Array.from({ length: heldOut.count }, (_, fold) => {
    const seen = tagged.filter((_, index) => heldOut.foldOf[index] !== fold)
    const held = tagged
      .map((row, index) => ({ index, row: rows[index], tagged: row }))
      .filter(({ index }) => heldOut.foldOf[index] === fold)
    return createTrial(seen, fields, held, createRandom(seed))
  })
}

/** The model on all rows, for as many epochs of the same schedule as did best in the folds: no longer than one fold. */
async function trainOnAll(
  tagged: readonly TaggedRow[],
  fields: readonly SpanField[],
  epochs: number,
  scheduledEpochs: number,
  seed: number,
): Promise<[Trial, TaggerModel]> {
  const trial = createTrial(tagged, fields, [], createRandom(seed))
  return [trial, await learnEpochs(trial, epochs, scheduledEpochs)]
}

function describeOverfitting({ best, scores }: EpochSearch): Overfitting {
  const losses = scores.map((score) => score.heldOutLoss).filter((loss) => loss !== null)
  if (losses.length === 0) {
    return { detected: false, text: 'Nothing was held out, so overfitting of the tagger cannot be seen.' }
  }
  const lowest = losses.indexOf(Math.min(...losses))
  const last = losses.length - 1
  const rise = losses[last] / losses[lowest] - 1
  const detected = rise > 0.02 && scores[last].trainLoss < scores[lowest].trainLoss
  const kept = `the weights of epoch ${best.epoch} of ${losses.length} are kept`
  const text = detected
    ? `The tagger's held-out loss rose by ${Math.round(100 * rise)} % after epoch ${lowest + 1} while its training loss still fell; ${kept}.`
    : `The tagger's held-out loss did not rise by more than 2 %; ${kept}.`
  return { detected, text }
}

function describe(
  trial: Trial,
  model: TaggerModel,
  unaligned: number,
  { best, scores }: EpochSearch,
): Record<string, Json> {
  const { segments, skipped } = trial
  return {
    segments: segments.length,
    tags: model.tags.length,
    features: model.hashes.length,
    weights: model.weights.length,
    unaligned,
    skipped,
    heldOutExact: scores[best.epoch - 1].exact,
    heldOutLoss: scores[best.epoch - 1].heldOutLoss,
  }
}
