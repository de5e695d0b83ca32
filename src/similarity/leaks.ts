/** Which training texts are found in, or too near to, the evaluation texts: three checks, each by itself. */
import { foldText } from './fold-text.ts'
import { createNearIndex, type Match } from './near-index.ts'
import { createPassageFinder } from './passages.ts'
import { shinglesOf } from './shingles.ts'

/** For each training text the evaluation text it leaks (by its index), or null. */
export type LeakCheck = (
  training: readonly string[],
  evaluation: readonly string[],
) => readonly (Match | null)[]

/** Equal but for case, punctuation and white space. */
export const findExactLeaks: LeakCheck = (training, evaluation) => {
  const known = new Map(evaluation.map((text, index) => [foldText(text), index]))
  return training.map((text) => {
    const index = known.get(foldText(text))
    return index === undefined ? null : { index, similarity: 1 }
  })
}

/** Similar by at least `threshold`; short texts are left to the exact check. */
export function createNearLeakCheck(threshold: number): LeakCheck {
  return (training, evaluation) => {
    const near = createNearIndex(threshold, evaluation.length)
    evaluation.forEach((text, index) => {
      const shingles = shinglesOf(foldText(text))
      if (shingles !== null) near.add(index, shingles)
    })
    return training.map((text) => {
      const shingles = shinglesOf(foldText(text))
      return shingles === null ? null : near.find(shingles)
    })
  }
}

/**
 * One is part of the other, the part being at least 30 characters of whole words; `similarity` is its share of
 * the longer text.
 */
export const findPassageLeaks: LeakCheck = (training, evaluation) => {
  const find = createPassageFinder(evaluation.map(foldText))
  return training.map((text) => find(foldText(text)))
}
