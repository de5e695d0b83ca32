/** What the classifier learns from, as arrays: features, targets, heads, splits, and the settings for their size. */
import type { HeldOut, PartOptions } from '../held-out.ts'
import type { Vocabulary } from '../runtime/features.js'
import type { ClassifierRow, HeadSpec } from './classifier-row.ts'
import { learnVocabulary, vectoriseAll, type FeatureMatrix } from './feature-matrix.ts'
import type { HeadRange } from './network.ts'
import { chooseSettings, type ClassifierSettings } from './settings.ts'

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

export function prepareProblem(
  rows: readonly ClassifierRow[],
  heads: readonly HeadSpec[],
  options: PartOptions,
): Problem {
  const texts = rows.map((row) => row.input)
  const vocabulary = learnVocabulary(texts, vocabularyLimit)
  const matrix = vectoriseAll(vocabulary, texts)
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
  const settings = chooseSettings(rows.length, matrix.indices.length, options.epochs)
  return { vocabulary, matrix, targets, outputs, ranges, settings, options }
}

/** One split a fold, or one in all where the held-out rows are fixed; they follow the training rows in the matrix. */
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
