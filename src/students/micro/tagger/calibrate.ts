/** Fits how sure the tagger may be: for each field, confidence as a logistic function of the model's own probability. */
import { tagLogit } from '../runtime/tagger.js'
import type { JudgedField } from './judge-tags.ts'

/** How much a field's slope and offset are drawn to those of all fields together, and those to 1 and 0. */
const fieldPrior = 4
const overallPrior = 1

/** Slope and offset of the logit for each field (Platt 1999, with a Gaussian prior); 1 and 0 without judged answers. */
export function fitTagCalibration(judged: readonly JudgedField[], fieldCount: number): Float64Array {
  const overall = fitLogistic(judged, [1, 0], overallPrior)
  const result = new Float64Array(2 * fieldCount)
  for (let field = 0; field < fieldCount; field++) {
    const own = judged.filter((answer) => answer.field === field)
    result.set(fitLogistic(own, overall, fieldPrior), 2 * field)
  }
  return result
}

/** Newton's method; the prior keeps the two equations solvable, and the slope is kept above 0. */
function fitLogistic(
  judged: readonly JudgedField[],
  prior: readonly [number, number],
  strength: number,
): [number, number] {
  let [slope, offset] = prior
  const logits = judged.map(({ probability }) => tagLogit(probability))
  for (let round = 0; round < 30; round++) {
    let [gradientSlope, gradientOffset] = [strength * (slope - prior[0]), strength * (offset - prior[1])]
    let [slopes, offsets, both] = [strength, strength, 0]
    judged.forEach(({ right }, i) => {
      const p = 1 / (1 + Math.exp(-slope * logits[i] - offset))
      const error = p - (right ? 1 : 0)
      const curve = p * (1 - p)
      gradientSlope += error * logits[i]
      gradientOffset += error
      slopes += curve * logits[i] * logits[i]
      offsets += curve
      both += curve * logits[i]
    })
    const determinant = slopes * offsets - both * both
    slope -= bounded((gradientSlope * offsets - gradientOffset * both) / determinant)
    offset -= bounded((gradientOffset * slopes - gradientSlope * both) / determinant)
    slope = Math.max(slope, 0.05)
  }
  return [slope, offset]
}

/** A step that Newton's method may take at once. */
function bounded(step: number): number {
  return Math.min(Math.max(step, -1), 1)
}
