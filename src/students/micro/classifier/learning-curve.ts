/** Losses by epoch: which epoch was best, and whether the network then learnt its rows by heart. */

export interface EpochLosses {
  readonly trainLoss: number
  /** null where nothing is held out */
  readonly heldOutLoss: number | null
}

/** A rise of the held-out loss by less than this share is noise. */
const noise = 0.02

/** Epochs count from 1. The first of equals; the last epoch where nothing is held out. */
export function bestEpoch(curve: readonly EpochLosses[]): number {
  let best = curve.length
  curve.forEach(({ heldOutLoss }, index) => {
    if (heldOutLoss !== null && heldOutLoss < (curve[best - 1].heldOutLoss ?? Infinity)) best = index + 1
  })
  const least = curve[best - 1]?.heldOutLoss
  return least === null || least === undefined ? best : curve.findIndex((e) => e.heldOutLoss === least) + 1
}

export function describeOverfitting(curve: readonly EpochLosses[]): { detected: boolean; text: string } {
  const best = bestEpoch(curve)
  const at = curve[best - 1]
  const last = curve.at(-1)
  if (at === undefined || last === undefined || at.heldOutLoss === null || last.heldOutLoss === null) {
    return { detected: false, text: 'Nothing was held out, so overfitting could not be seen.' }
  }
  const rose = last.heldOutLoss > at.heldOutLoss * (1 + noise)
  if (rose && last.trainLoss < at.trainLoss) {
    return {
      detected: true,
      text:
        `The held-out loss rose from ${at.heldOutLoss.toFixed(3)} (epoch ${best}) to ${last.heldOutLoss.toFixed(3)} ` +
        `(epoch ${curve.length}) while the training loss fell from ${at.trainLoss.toFixed(3)} to ` +
        `${last.trainLoss.toFixed(3)}; epoch ${best} was kept.`,
    }
  }
  return {
    detected: false,
    text: `The held-out loss was least, ${at.heldOutLoss.toFixed(3)}, at epoch ${best} of ${curve.length} and did not rise after it.`,
  }
}
