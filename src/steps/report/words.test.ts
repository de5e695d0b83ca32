import { describe, expect, it } from 'vitest'
import { reportFixture } from '../../../test/support/report-fixture.ts'
import type { Comparison, Verdict } from '../../core/measure.ts'
import { comparisonSentence, metricName, verdictHeadline, verdictRule, winsSentence } from './words.ts'

const verdict: Verdict = {
  verdict: 'ship',
  replaces: 'big-model',
  metric: 'score',
  marginPoints: 2,
  reason: 'Because.',
  worseFields: [],
}

describe('the headline', () => {
  it('says each of the five verdicts in a sentence', () => {
    expect(verdictHeadline(verdict)).toBe('Ship it: the student can take the place of big-model.')
    expect(verdictHeadline({ ...verdict, verdict: 'ship_with_fallback', coverage: 0.62 })).toMatch(
      /the student answers 62\s% of the calls, the teacher the rest\.$/,
    )
    expect(verdictHeadline({ ...verdict, verdict: 'do_not_ship' })).toMatch(/^Do not ship it/)
    expect(verdictHeadline({ ...verdict, verdict: 'not_enough_data', moreRows: 1200 })).toMatch(
      /about 1,200 more would settle it\.$/,
    )
    expect(verdictHeadline({ ...verdict, verdict: 'no_need' })).toMatch(/^No need for a student/)
  })

  it('stays a sentence where figures are missing', () => {
    expect(verdictHeadline({ ...verdict, verdict: 'ship_with_fallback' })).toContain(
      'the calls that it is sure of',
    )
    expect(verdictHeadline({ ...verdict, verdict: 'not_enough_data' })).toMatch(/big-model\.$/)
  })
})

describe('a comparison', () => {
  const comparison: Comparison = {
    first: 'a',
    second: 'b',
    difference: 0.031,
    interval: [0.019, 0.043],
    wins: 41,
    losses: 12,
    pValue: 0.0001,
  }

  it('says above or below only when the interval is clear of zero', () => {
    expect(comparisonSentence(comparison)).toContain('a is 3.1 points above b')
    expect(comparisonSentence({ ...comparison, difference: -0.031, interval: [-0.043, -0.019] })).toContain(
      'a is 3.1 points below b',
    )
    expect(comparisonSentence({ ...comparison, interval: [-0.001, 0.06] })).toContain(
      'cannot tell a and b apart',
    )
    expect(comparisonSentence({ ...comparison, difference: 0, interval: [0, 0] })).toContain('cannot tell')
  })

  it('counts the rows that only one got right', () => {
    expect(winsSentence(comparison)).toMatch(
      /Only a was exactly right on 41\srows, only b on 12 \(McNemar: p\s<\s0.001\)/,
    )
    expect(winsSentence({ ...comparison, wins: 0, losses: 0 })).toBe(
      'Both were exactly right on the same rows.',
    )
  })
})

describe('the metric', () => {
  const { task } = reportFixture

  it('is named after the task', () => {
    expect(metricName(reportFixture)).toBe('mean field accuracy')
    const label = {
      ...reportFixture,
      task: { ...task, output: 'labels' as const, fields: task.fields.slice(0, 1) },
    }
    expect(metricName(label)).toBe('accuracy')
    expect(metricName({ ...reportFixture, task: { ...task, output: 'text', fields: [] } })).toBe('mean grade')
  })

  it('of the verdict is the one that the rule names', () => {
    const exact = { ...reportFixture, verdict: { ...reportFixture.verdict, metric: 'exactMatch' as const } }
    expect(verdictRule(exact)).toMatch(/the student’s exact match may be at most 2\spoints below/)
  })
})
