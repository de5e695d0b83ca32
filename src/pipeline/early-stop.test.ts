import { describe, expect, it } from 'vitest'
import { configSchema } from '../core/config.ts'
import { createRandom } from '../core/random.ts'
import { meanInterval } from '../statistics/mean-interval.ts'
import { pairedDifference } from '../statistics/paired-bootstrap.ts'
import { earlyStopWarnings, looksOf, orderOfAsking, rowsLeft, stopRule } from './early-stop.ts'
import type { Session } from './session.ts'

type Asked = Pick<Session, 'config' | 'rows' | 'seed'>

const allRows = Array.from({ length: 200 }, (_, index) => index)

function session(evaluate: { stopAtHalfWidthPoints?: number }, needsExpected = false): Asked {
  const config = configSchema.parse({
    name: 'sorting',
    task: { output: { labels: ['a', 'b'] } },
    data: { labelled: 'labelled.csv' },
    teacher: { model: 'recorded/teacher' },
    evaluate,
  })
  return { config, rows: { evaluation: allRows, needsExpected } as never, seed: 1 }
}

/** How many of `scores` are asked, a block at a time. */
function asked(scores: readonly number[], points: number): number {
  const { blockRows, isEnough } = stopRule(points)
  for (let start = 0; start < scores.length; start += blockRows) {
    const block = scores.slice(start, start + blockRows)
    if (isEnough(block.map((score) => ({ score }) as never))) return start + block.length
  }
  return scores.length
}

describe('early stopping', () => {
  it('is off by default: all rows, in their order, and the usual intervals', () => {
    const off = session({})
    expect(orderOfAsking(off, allRows)).toBe(allRows)
    expect(looksOf(off)).toBe('once')
    expect(rowsLeft(off, 200)).toBe(0)
    expect(earlyStopWarnings(off, 200)).toEqual([])
  })

  it('asks in a random order that the seed alone decides', () => {
    const on = session({ stopAtHalfWidthPoints: 5 })
    const order = orderOfAsking(on, allRows)
    expect(order).not.toEqual(allRows)
    expect([...order].sort((a, b) => a - b)).toEqual(allRows)
    expect(orderOfAsking(on, allRows)).toEqual(order)
    expect(orderOfAsking({ ...on, seed: 2 }, allRows)).not.toEqual(order)
  })

  it('finishes the block in which the score becomes known closely enough', () => {
    const easy = allRows.map(() => 1)
    expect(asked(easy, 5)).toBe(75)
    expect(asked(easy, 50)).toBe(25)
    expect(asked(easy, 0.5)).toBe(200)
    expect(asked([...easy.slice(0, 75), ...easy.map(() => 0)], 5)).toBe(75)
  })

  it.each([
    [1, 75],
    [0.97, 100],
    [0.95, 175],
    [0.9, 375],
  ])(
    'asks, of a teacher right in %f of its rows, the %i rows for 5 points that docs/evaluate.md says',
    (right, rows) => {
      const counts = Array.from({ length: 31 }, (_, seed) => {
        const random = createRandom(seed)
        const scores = Array.from({ length: 1500 }, () => Number(random.next() < right))
        return asked(scores, 5)
      })
      expect(counts.sort((a, b) => a - b)[15]).toBe(rows)
    },
  )

  it('says after how many rows it stopped, and that the intervals are always-valid', () => {
    const [text] = earlyStopWarnings(session({ stopAtHalfWidthPoints: 5 }), 75)
    expect(text).toContain('Stopped after 75 of 200 evaluation rows')
    expect(text).toContain('known to within 5 points')
    expect(text).toContain('always-valid')
  })

  it('says so too when the rows ran out first', () => {
    const on = session({ stopAtHalfWidthPoints: 1 })
    expect(looksOf(on)).toBe('any')
    const [text] = earlyStopWarnings(on, 200)
    expect(text).toContain('All 200 evaluation rows were asked')
    expect(text).toContain('not known to within 1 point before')
    expect(text).toContain('always-valid')
  })

  it('does not stop on a score that is 100 % by construction', () => {
    const standIn = session({ stopAtHalfWidthPoints: 5 }, true)
    expect(orderOfAsking(standIn, allRows)).toBe(allRows)
    expect(looksOf(standIn)).toBe('once')
    expect(rowsLeft(standIn, 190)).toBe(0)
    expect(earlyStopWarnings(standIn, 190)[0]).toContain('has no effect here')
  })

  it('gives intervals that hold the truth in at least 95 % of 500 evaluations that stop early', () => {
    const random = createRandom(8)
    // Two fields a row, in one row of twenty both wrong: 0.94 in the mean. The student answers three rows in four alike.
    const score = (): number => (random.next() < 0.05 ? 0 : (2 - Number(random.next() < 0.021)) / 2)
    const truth = 0.95 * (1 - 0.021 / 2)
    const counts = { stopped: 0, score: 0, difference: 0 }
    for (let evaluation = 0; evaluation < 500; evaluation++) {
      const teacher = Array.from({ length: 400 }, score)
      const rows = asked(teacher, 5)
      const scores = teacher.slice(0, rows)
      const student = scores.map((own) => (random.next() < 0.75 ? own : score()))
      const [low, high] = meanInterval(scores, 'any')
      const { interval } = pairedDifference(student, scores, 0.95, 'any')
      if (rows < 400) counts.stopped++
      if (low <= truth && truth <= high) counts.score++
      if (interval[0] <= 0 && 0 <= interval[1]) counts.difference++
    }
    expect(counts.stopped).toBeGreaterThan(450)
    expect(counts.score).toBeGreaterThanOrEqual(475)
    expect(counts.difference).toBeGreaterThanOrEqual(475)
  })
})
