import { describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import {
  asFieldAnswer,
  combineVotes,
  combineWeighted,
  measureReliability,
  trustIn,
} from './combine-answers.ts'

const each = (value: string): string => value

describe('combineVotes', () => {
  it('takes the value with most votes and gives the shares', () => {
    expect(combineVotes(['"a"', '"b"', '"b"'])).toEqual({
      value: '"b"',
      distribution: { '"a"': expect.closeTo(1 / 3), '"b"': expect.closeTo(2 / 3) },
    })
  })

  it('takes the first teacher at a tie, and leaves those out that gave no answer', () => {
    expect(combineVotes([null, '"b"', '"a"'])?.value).toBe('"b"')
    expect(combineVotes([null, null])).toBeNull()
  })
})

describe('measureReliability', () => {
  it('counts by answered value, without the rows that were not answered', () => {
    const known = ['"a"', '"a"', '"b"', '"b"']
    expect(measureReliability(['"a"', '"b"', '"b"', null], known, each)).toEqual({
      right: 2,
      rows: 3,
      byValue: { '"a"': { right: 1, rows: 1 }, '"b"': { right: 1, rows: 2 } },
    })
  })

  it('never trusts anyone wholly, nor on a value never seen less than on the field', () => {
    const perfect = measureReliability(['"a"', '"a"'], ['"a"', '"a"'], each)
    expect(trustIn(perfect, '"a"')).toBeLessThan(1)
    expect(trustIn(perfect, '"z"')).toBeCloseTo(3 / 4)
  })
})

describe('combineWeighted', () => {
  it('believes the teacher that has proved right, value by value', () => {
    // The first is right about "a" and wrong about "b", the second the other way round.
    const known = [...Array<string>(30).fill('"a"'), ...Array<string>(30).fill('"b"')]
    const first = measureReliability(
      known.map(() => '"a"'),
      known,
      each,
    )
    const second = measureReliability(
      known.map((value, index) => (index % 3 === 0 ? '"a"' : value)),
      known,
      each,
    )
    expect(combineWeighted(['"a"', '"b"'], [first, second], each, 2)?.value).toBe('"b"')
  })

  it('is right about as often as it says', () => {
    const random = createRandom(5)
    const values = ['"a"', '"b"', '"c"', '"d"']
    const answer = (truth: string, accuracy: number): string =>
      random.next() < accuracy ? truth : values.filter((value) => value !== truth)[random.below(3)]
    const truths = Array.from({ length: 4000 }, () => values[random.below(4)])
    const teachers = [0.8, 0.75, 0.7].map((accuracy) => truths.map((truth) => answer(truth, accuracy)))
    const known = truths.slice(0, 1000)
    const reliabilities = teachers.map((answers) => measureReliability(answers.slice(0, 1000), known, each))
    let right = 0
    let claimed = 0
    for (let row = 1000; row < 4000; row++) {
      const combined = combineWeighted(
        teachers.map((answers) => answers[row]),
        reliabilities,
        each,
        4,
      )
      right += combined?.value === truths[row] ? 1 : 0
      claimed += combined?.distribution[combined.value] ?? 0
    }
    expect(right / 3000).toBeGreaterThan(0.83)
    expect(claimed / 3000).toBeCloseTo(right / 3000, 1)
  })

  it('gives null when nobody answered', () => {
    expect(combineWeighted([null], [measureReliability([], [], each)], each, 3)).toBeNull()
  })
})

describe('asFieldAnswer', () => {
  it('takes an absent key for null', () => {
    expect(asFieldAnswer(undefined)).toBe(asFieldAnswer(null))
  })
})
