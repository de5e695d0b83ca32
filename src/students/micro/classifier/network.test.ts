import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../core/random.ts'
import { learnVocabulary, vectoriseAll } from './feature-matrix.ts'
import { logSumOfExponentials, scoreRows, startNetwork, trainBatches } from './network.ts'

const texts = ['one two', 'two three four', 'five', 'one five']
const vocabulary = learnVocabulary(texts, 1000)
const matrix = vectoriseAll(vocabulary, texts)
const heads = [
  { offset: 0, size: 3 },
  { offset: 3, size: 2 },
]
const targets = Float32Array.from([0.5, 0.5, 0, 1, 0, 0, 1, 0, 0.2, 0.8, 0, 0, 1, 1, 0, 0.9, 0, 0.1, 0, 1])
const all = Int32Array.of(0, 1, 2, 3)

function start(learningRate: number) {
  return startNetwork(matrix, vocabulary.size, targets, heads, {
    hidden: 8,
    epochs: 1,
    learningRate,
    featureDropout: 0,
    hiddenDropout: 0,
    labelSmoothing: 0,
    batch: 4,
    random: createRandom(3),
  })
}

function lossOf(training: ReturnType<typeof start>): number {
  const logits = new Float32Array(targets.length)
  scoreRows(training, all, logits)
  let loss = 0
  for (const row of all) {
    for (const { offset, size } of heads) {
      const logSum = logSumOfExponentials(logits, row * 5 + offset, size)
      for (let i = row * 5 + offset; i < row * 5 + offset + size; i++)
        loss += targets[i] * (logSum - logits[i])
    }
  }
  return loss
}

/** (loss with one weight a little larger - a little smaller) / difference */
function slope(training: ReturnType<typeof start>, weights: Float32Array, at: number): number {
  const step = 0.001
  const before = weights[at]
  weights[at] = before + step
  const above = lossOf(training)
  weights[at] = before - step
  const below = lossOf(training)
  weights[at] = before
  return (above - below) / (2 * step)
}

describe('the network', () => {
  it('sums up the loss of the rows that it learns from, before it has learnt from them', () => {
    const training = start(0.001)
    const loss = lossOf(training)
    expect(trainBatches(training, all, 100)).toBeCloseTo(loss, 4)
  })

  it('moves each weight against the slope of the loss, as finite differences give it', () => {
    const training = start(0.001)
    const { network } = training
    // A feature of several rows moves once for each, by steps of different sizes.
    const rowsWith = new Map<number, number>()
    for (const feature of matrix.indices) rowsWith.set(feature, (rowsWith.get(feature) ?? 0) + 1)
    const weightArrays = [network.inputWeights, network.hiddenBias, network.outputWeights, network.outputBias]
    const slopes = weightArrays.map((weights) => Array.from(weights, (_, at) => slope(training, weights, at)))
    const before = weightArrays.map((weights) => [...weights])
    trainBatches(training, all, 100)
    let compared = 0
    weightArrays.forEach((weights, which) => {
      weights.forEach((weight, at) => {
        if (Math.abs(slopes[which][at]) < 0.02) return
        if (which === 0 && rowsWith.get(Math.floor(at / 8)) !== 1) return
        expect(Math.sign(before[which][at] - weight)).toBe(Math.sign(slopes[which][at]))
        compared++
      })
    })
    expect(compared).toBeGreaterThan(50)
  })

  it('moves the weights of a feature in proportion to their slopes', () => {
    const training = start(0.001)
    const weights = training.network.inputWeights
    // "five" alone is row 2, so its features have the slopes of rows 2 and 3 only.
    const feature = matrix.indices[matrix.starts[2]]
    const slopes = Array.from({ length: 8 }, (_, unit) => slope(training, weights, feature * 8 + unit))
    const before = weights.slice(feature * 8, feature * 8 + 8)
    trainBatches(training, Int32Array.of(2, 3, 0, 1), 100)
    const moves = Array.from(before, (weight, unit) => weight - weights[feature * 8 + unit])
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, value, i) => sum + value * b[i], 0)
    const cosine = dot(moves, slopes) / Math.sqrt(dot(moves, moves) * dot(slopes, slopes))
    expect(cosine).toBeGreaterThan(0.9)
  })

  it('learns a small task by heart', () => {
    const training = start(0.02)
    const best = targets.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0)
    for (let epoch = 0; epoch < 300; epoch++) trainBatches(training, all, 300)
    expect(lossOf(training)).toBeLessThan(best + 0.1)
  })
})
