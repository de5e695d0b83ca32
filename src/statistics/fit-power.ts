/** Makes the confidence of whole answers honest: the product over fields takes errors of one answer for independent, and they are not. */

import { expectedCalibrationError, type RatedAnswer } from './calibration.ts'

/**
 * The power to which confidences are raised, fitted by likelihood on held-out answers. 1 where there are
 * fewer than 20, or where a power fitted on one half does not lower the calibration error on the other.
 */
export function fitPower(answers: readonly RatedAnswer[]): number {
  if (answers.length < 20) return 1
  const halves = [0, 1].map((half) => answers.filter((_, index) => index % 2 === half))
  const gaps = halves.map((half, index) => {
    const power = likeliestPower(halves[1 - index])
    return gapOf(raise(half, power)) - gapOf(half)
  })
  return gaps[0] + gaps[1] < 0 ? likeliestPower(answers) : 1
}

function gapOf(answers: readonly RatedAnswer[]): number {
  return expectedCalibrationError(answers) ?? 0
}

function raise(answers: readonly RatedAnswer[], power: number): RatedAnswer[] {
  return answers.map(({ confidence, correct }) => ({ confidence: confidence ** power, correct }))
}

/** Golden-section search over powers from 1/8 to 8; the likelihood has one peak. Three digits, so that it prints well. */
function likeliestPower(answers: readonly RatedAnswer[]): number {
  const ratio = (Math.sqrt(5) - 1) / 2
  let low = -3
  let high = 3
  for (let step = 0; step < 30; step++) {
    const left = high - ratio * (high - low)
    const right = low + ratio * (high - low)
    if (meanLoss(answers, 2 ** left) < meanLoss(answers, 2 ** right)) high = right
    else low = left
  }
  return Number((2 ** ((low + high) / 2)).toPrecision(3))
}

/** Mean negative log-likelihood, in nats. */
function meanLoss(answers: readonly RatedAnswer[], power: number): number {
  let sum = 0
  for (const { confidence, correct } of answers) {
    const probability = Math.min(1 - 1e-6, Math.max(1e-6, confidence ** power))
    sum -= Math.log(correct ? probability : 1 - probability)
  }
  return sum / answers.length
}
