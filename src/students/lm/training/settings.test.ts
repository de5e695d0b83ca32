import { expect, it } from 'vitest'
import type { TrainProgress } from '../../../core/event.ts'
import { holdOutRows } from './hold-out.ts'
import { describeOverfitting } from './overfitting.ts'
import { chooseSettings } from './settings.ts'

it('sees few rows more often than many, and 300 rows at most three times', () => {
  expect(chooseSettings(300).epochs).toBeLessThanOrEqual(3)
  expect(chooseSettings(10).epochs).toBeGreaterThan(chooseSettings(100).epochs)
  expect(chooseSettings(5000).epochs).toBeLessThan(chooseSettings(300).epochs)
})

it('takes what the user chooses; epochs only as a cap', () => {
  expect(chooseSettings(300, { rank: 4, batchSize: 2, learningRate: 1e-4, epochs: 9 })).toMatchObject({
    rank: 4,
    alpha: 8,
    batchSize: 2,
    learningRate: 1e-4,
    epochs: chooseSettings(300).epochs,
  })
  expect(chooseSettings(300, { epochs: 1 }).epochs).toBe(1)
})

it('holds out a tenth in whole groups, two rows at least, and none of fewer than ten', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ group: `g${i >> 1}` }))
  expect(holdOutRows(rows(9), 1).validation).toEqual([])
  expect(holdOutRows(rows(10), 1).validation).toHaveLength(2)
  const { training, validation } = holdOutRows(rows(200), 1)
  expect(validation).toHaveLength(20)
  const groups = new Set(validation.map(({ group }) => group))
  expect(training.filter(({ group }) => groups.has(group))).toEqual([])
})

it('says in one sentence how the held-out loss went', () => {
  const curve = (...losses: readonly (readonly [number, number | null])[]): TrainProgress[] =>
    losses.map(([trainLoss, validationLoss], i) => {
      const before = losses.slice(0, i).map(([, held]) => held ?? Infinity)
      const best = validationLoss === null || validationLoss < Math.min(...before)
      const epochs = { epoch: i + 1, epochs: losses.length }
      return {
        type: 'train',
        part: 'adapter',
        ...epochs,
        trainLoss,
        validationLoss,
        validationAccuracy: null,
        best,
      }
    })
  const texts = [
    curve([2, 2], [1, 1.5]),
    curve([2, 1], [1, 1.01]),
    curve([2, 1], [1, 1.1]),
    curve([2, 1], [3, 4]),
    curve([2, null]),
  ].map((lines) => describeOverfitting(lines))
  expect(texts.map(({ detected }) => detected)).toEqual([false, false, true, false, false])
  expect(texts.map(({ text }) => text)).toEqual([
    'The held-out loss was least, 1.500, at epoch 2 of 2 and was still falling then.',
    'The held-out loss was least, 1.000, at epoch 1 of 2 and did not rise by more than 2 % after it.',
    'The held-out loss rose from 1.000 (epoch 1) to 1.100 (epoch 2) while the training loss fell from 2.000 to 1.000; epoch 1 was kept.',
    'The held-out loss was least, 1.000, at epoch 1 of 2 and rose after it, as the training loss did.',
    'Nothing was held out, so overfitting could not be seen.',
  ])
})
