/** What the classifier learns from, as arrays: features, targets, heads, splits, and the settings for their size. */
import type { HeldOut, PartOptions } from '../held-out.ts'
import type { Vocabulary } from '../runtime/features.js'
import { learnVocabulary, vectoriseAll, type FeatureMatrix } from './feature-matrix.ts'
import type { HeadRange } from './network.ts'
import type { ClassifierRow, HeadSpec } from './classifier-row.ts'

export interface ClassifierSettings {
  readonly hidden: number
  /** Epochs that the learning rate's fall is laid out for. */
  readonly epochs: number
  readonly learningRate: number
  /** Networks whose logits are averaged in the end. */
  readonly networks: number
  readonly linearCost: number
}

export interface Problem {
  readonly vocabulary: Vocabulary
  /** Training rows, then the fixed held-out rows if there are any. */
  readonly matrix: FeatureMatrix
  /** (rows x outputs) */
  readonly targets: Float32Array
  readonly outputs: number
  readonly ranges: readonly HeadRange[]
  readonly settings: ClassifierSettings
  readonly options: PartOptions
}

export interface Split {
  readonly training: Int32Array
  readonly heldOut: Int32Array
}

const vocabularyLimit = 200_000
/** From so many rows on, a feature must occur in two of them. */
const rareFeatureRows = 100

export function prepareProblem(
  rows: readonly ClassifierRow[],
  heads: readonly HeadSpec[],
  options: PartOptions,
): Problem {
  const texts = rows.map((row) => row.input)
  const vocabulary = learnVocabulary(texts, rows.length < rareFeatureRows ? 1 : 2, vocabularyLimit)
  const ranges: HeadRange[] = []
  let outputs = 0
  for (const head of heads) {
    ranges.push({ offset: outputs, size: head.values.length })
    outputs += head.values.length
  }
  const targets = new Float32Array(rows.length * outputs)
  rows.forEach((row, at) => {
    heads.forEach((head, place) => targets.set(row.targets[head.key], at * outputs + ranges[place].offset))
  })
  const settings = chooseSettings(rows.length, options)
  return { vocabulary, matrix: vectoriseAll(vocabulary, texts), targets, outputs, ranges, settings, options }
}

function chooseSettings(rows: number, options: PartOptions): ClassifierSettings {
  const few = rows < 3000
  return {
    hidden: few ? 64 : 256,
    epochs: Math.max(1, options.epochs ?? (few ? 20 : 8)),
    learningRate: few ? 0.005 : 0.003,
    networks: few ? 3 : 1,
    linearCost: few ? 2 : 1,
  }
}

/** One split a fold, or one in all where the held-out rows are fixed; they follow `trainingRows` in the matrix. */
export function makeSplits(trainingRows: number, heldOut: HeldOut<ClassifierRow>): readonly Split[] {
  const range = (from: number, to: number): Int32Array =>
    Int32Array.from({ length: to - from }, (_, index) => from + index)
  const all = range(0, trainingRows)
  if (heldOut.kind === 'nothing') return []
  if (heldOut.kind === 'rows') {
    if (heldOut.rows.length === 0) return []
    return [{ training: all, heldOut: range(trainingRows, trainingRows + heldOut.rows.length) }]
  }
  return Array.from({ length: heldOut.count }, (_, fold) => ({
    training: all.filter((row) => heldOut.foldOf[row] !== fold),
    heldOut: all.filter((row) => heldOut.foldOf[row] === fold),
  })).filter((split) => split.training.length > 0 && split.heldOut.length > 0)
}
