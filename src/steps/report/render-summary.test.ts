import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { reportFixture } from '../../../test/support/report-fixture.ts'
import { labelReport, leastReport, withVerdict } from '../../../test/support/report-variants.ts'
import { renderSummary } from './render-summary.ts'
import { clean, columnsOf, cut, wrap } from './terminal-text.ts'

const at80 = { width: 80, colour: false }

describe('the summary', () => {
  const lines = renderSummary(reportFixture, at80).trimEnd().split('\n')

  it('fits 80 columns and 42 lines', () => {
    expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(80)
    expect(lines.length).toBeLessThanOrEqual(42)
  })

  it('aligns the figures of the table and calls recorded arms recorded', () => {
    const table = lines.slice(3, 10)
    expect(new Set(table.map(columnsOf)).size).toBe(1)
    expect(table[1]).toMatch(/^teacher +98\.6 % +97\.7 – 99\.5 % +93\.5 % +\$6\.21 +recorded$/)
  })

  it('says verdict, price, break-even, latency, what to try next and where the report lies', () => {
    const text = lines.join('\n')
    expect(text).toContain('Ship it: the student can take the place of teacher-without-guide.')
    expect(text).toContain('$1.87 → $0.0023')
    expect(text).toContain('Paid for itself after 2,990 calls')
    expect(text).toContain('half within 212 µs')
    expect(text).toContain('- Give 300 more messages')
    expect(text).toContain('- Serve it')
    expect(lines.at(-1)).toBe('Report: .potstill/runs/2026-11-25-0310-k3f9/report.html')
  })

  it('colours only when asked to, and the same words then', () => {
    const coloured = renderSummary(reportFixture, { width: 80, colour: true })
    expect(coloured).toContain('\u001b[')
    expect(stripVTControlCharacters(coloured)).toBe(`${lines.join('\n')}\n`)
  })

  it('leaves out columns, never names, on a narrow terminal, and shows the share of valid answers on a wide one', () => {
    expect(renderSummary(reportFixture, { width: 50, colour: false })).toMatch(
      /teacher-without-guide +91\.5 % +recorded/,
    )
    expect(renderSummary(reportFixture, { width: 120, colour: false })).toContain('valid')
  })

  it('shows invalid answers before exact match where there are any', () => {
    const arms = reportFixture.arms.map((arm) => ({ ...arm, valid: 0.97 }))
    const text = renderSummary({ ...reportFixture, arms }, at80)
    expect(text).toContain('97.0 %')
    expect(text).not.toContain('exact  ')
  })

  it('prices what the verdict would have you serve', () => {
    const text = renderSummary(withVerdict('ship_with_fallback', { coverage: 0.66, threshold: 0.62 }), at80)
    expect(text).toMatch(/student-with-teacher \(teacher\s+recorded\): \$1\.87 → \$2\.11/)
  })

  it('stays short with twenty arms, and keeps those that the verdict speaks of', () => {
    const [teacher] = reportFixture.arms
    const others = Array.from({ length: 20 }, (_, index) => ({
      ...teacher,
      name: `other-${index}`,
      role: 'reference' as const,
    }))
    const text = renderSummary({ ...reportFixture, arms: [...others, ...reportFixture.arms] }, at80)
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(42)
    expect(text).toContain('student-after ')
    expect(text).toContain('and 14 more in the report')
  })

  it('works for one label and for the least that a run can leave', () => {
    expect(renderSummary(labelReport(), at80)).not.toMatch(/^arm .* exact /m)
    expect(renderSummary(leastReport(), at80)).toContain('about 190 more would settle it')
  })
})

describe('text for a terminal', () => {
  it('counts wide characters as two columns', () => {
    expect([columnsOf('abc'), columnsOf('請求書'), columnsOf('é'), columnsOf('👩‍👩‍👧')]).toEqual([3, 6, 1, 2])
  })

  it('cuts at the width, by whole characters', () => {
    expect([cut('abcdef', 6), cut('abcdef', 4), cut('請求書', 4)]).toEqual(['abcdef', 'abc…', '請…'])
  })

  it('wraps between words and says when something is left out', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three'])
    expect(wrap('one two three four', 8, '  ', 2)).toEqual(['one two', '  three…'])
    expect(wrap('extraordinarily', 8)).toEqual(['extraor…'])
  })

  it('has no control characters', () => {
    expect(clean('a\u001b[31mb\r\n c\u202e')).toBe('a[31mb c')
  })
})
