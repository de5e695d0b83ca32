import { describe, expect, it } from 'vitest'
import { reportFixture } from '../../../test/support/report-fixture.ts'
import type { TrainProgress } from '../../core/event.ts'
import { coverageChart } from './chart-coverage.ts'
import { topConfusions } from './chart-heat.ts'
import { lossChart } from './chart-loss.ts'

const point: TrainProgress = {
  type: 'train',
  part: 'classifier',
  epoch: 1,
  epochs: 3,
  trainLoss: 2,
  validationLoss: 2.1,
  validationAccuracy: 0.5,
  best: true,
}
const curve = [
  point,
  { ...point, epoch: 2, trainLoss: 1, validationLoss: 1.2 },
  { ...point, epoch: 3, trainLoss: 0.5, validationLoss: 1.4, best: false },
]

describe('the loss chart', () => {
  it('marks the last epoch that was the best, at its held-out loss', () => {
    const markup = lossChart('loss', 'classifier', curve)?.markup ?? ''
    expect(markup).toContain('epoch 2, the one kept')
    expect(markup).toContain('<svg x="50%" y="52')
  })

  it('draws training rows alone where nothing is held out, and nothing where there are no losses', () => {
    const markup =
      lossChart(
        'loss',
        'a',
        curve.map((item) => ({ ...item, validationLoss: null })),
      )?.markup ?? ''
    expect(markup).toContain('training rows')
    expect(markup).not.toContain('> held-out rows<')
    expect(lossChart('loss', 'a', [{ ...point, trainLoss: NaN, validationLoss: null }])).toBeNull()
  })
})

describe('the coverage chart', () => {
  it('marks the chosen threshold and the lossless coverage', () => {
    const markup = coverageChart(reportFixture)?.markup ?? ''
    expect(markup).toContain('chosen threshold, 62.0')
    expect(markup).toContain('nothing lost up to')
    expect(markup).toContain('teacher alone')
  })

  it('leaves the marks out where there are none, and needs two points', () => {
    const { coverage } = reportFixture
    const unmarked = { ...coverage, chosenThreshold: null, losslessCoverage: null }
    expect(coverageChart({ ...reportFixture, coverage: unmarked })?.markup).not.toContain('class="mark"')
    const one = { ...coverage, points: coverage.points.slice(0, 1) }
    expect(coverageChart({ ...reportFixture, coverage: one })).toBeNull()
  })
})

describe('the confusions', () => {
  it('are listed by how often they happen, without what is right', () => {
    const confusion = {
      values: ['"a"', '"b"', 'null'],
      counts: [
        [9, 1, 0],
        [3, 9, 0],
        [0, 2, 9],
      ],
    }
    expect(topConfusions(confusion, 2)).toEqual([
      { expected: 'b', answered: 'a', rows: 3 },
      { expected: 'null', answered: 'b', rows: 2 },
    ])
  })
})
