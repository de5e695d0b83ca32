/** Says in one sentence whether the adapter began to learn its rows by heart. */
import type { TrainProgress } from '../../../core/event.ts'
import type { Overfitting } from '../../../core/student.ts'

/** A rise of the held-out loss by less than this share is noise. */
const noise = 0.02

/** One line an epoch; the line marked best last is the one that was kept. */
export function describeOverfitting(curve: readonly TrainProgress[]): Overfitting {
  const best = curve.findLast((line) => line.best)
  const last = curve.at(-1)
  if (
    best === undefined ||
    last === undefined ||
    best.validationLoss === null ||
    last.validationLoss === null
  ) {
    return { detected: false, text: 'Nothing was held out, so overfitting could not be seen.' }
  }
  const rose = last.validationLoss > best.validationLoss * (1 + noise)
  const [from, to] = [best.validationLoss.toFixed(3), last.validationLoss.toFixed(3)]
  if (rose && last.trainLoss < best.trainLoss) {
    return {
      detected: true,
      text:
        `The held-out loss rose from ${from} (epoch ${best.epoch}) to ${to} (epoch ${last.epoch}) while the ` +
        `training loss fell from ${best.trainLoss.toFixed(3)} to ${last.trainLoss.toFixed(3)}; ` +
        `epoch ${best.epoch} was kept.`,
    }
  }
  const after = rose
    ? 'rose after it, as the training loss did'
    : best === last
      ? 'was still falling then'
      : 'did not rise by more than 2 % after it'
  return {
    detected: false,
    text: `The held-out loss was least, ${from}, at epoch ${best.epoch} of ${last.epoch} and ${after}.`,
  }
}
