/** The classifier's settings by the size of the task, chosen on held-out training rows of the benchmarks' tasks. */

export interface ClassifierSettings {
  /** Hidden units of a network, a multiple of 4. */
  readonly hidden: number
  /** Epochs that the fall of the learning rate is laid out for. */
  readonly epochs: number
  readonly learningRate: number
  /** Networks whose logits are averaged in the end. */
  readonly networks: number
  readonly featureDropout: number
  readonly hiddenDropout: number
  readonly labelSmoothing: number
  /** Rows a step of the optimiser. */
  readonly batch: number
  readonly linearCost: number
}

/** Below so many rows a network sees each of them more often, and several are averaged. */
const fewRows = 3000
/** Texts with more features than this are long: networks gain little on them, and are kept small. */
const longText = 400

/** `entries` are the features of all rows together; `epochs` caps what would be chosen. */
export function chooseSettings(rows: number, entries: number, epochs = Infinity): ClassifierSettings {
  const gentle = { featureDropout: 0.25, hiddenDropout: 0.3 }
  const shared = { labelSmoothing: 0.05, batch: 16 }
  const most = { epochs: Math.max(1, Math.min(rows < fewRows ? 20 : 8, epochs)) }
  if (rows >= fewRows) {
    const harsh = { featureDropout: 0.4, hiddenDropout: 0.5 }
    return { ...shared, ...most, ...harsh, hidden: 128, learningRate: 0.003, networks: 2, linearCost: 1 }
  }
  return entries > rows * longText
    ? { ...shared, ...most, ...gentle, hidden: 64, learningRate: 0.005, networks: 1, linearCost: 4 }
    : { ...shared, ...most, ...gentle, hidden: 128, learningRate: 0.003, networks: 3, linearCost: 1 }
}
