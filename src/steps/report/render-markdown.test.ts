import { describe, expect, it } from 'vitest'
import { tableFaults } from '../../../test/support/report-edges.ts'
import { journalFixture, reportFixture } from '../../../test/support/report-fixture.ts'
import { labelReport, leastReport, textReport } from '../../../test/support/report-variants.ts'
import { block, code, plain } from './markdown.ts'
import { renderJournal } from './render-journal.ts'
import { renderMarkdown } from './render-markdown.ts'

describe('text in Markdown', () => {
  it('stays text, and readable where nothing is at stake', () => {
    expect(plain('needs_human is 1.5 - or <b>not</b> | [x](y)')).toBe(
      'needs_human is 1.5 - or \\<b\\>not\\</b\\> \\| \\[x\\](y)',
    )
    expect(plain('# no\nheading')).toBe('\\# no heading')
    expect([plain('- a'), plain('1. a'), plain('---'), plain('1.5'), plain('_a_')]).toEqual([
      '\\- a',
      '1\\. a',
      '\\---',
      '1.5',
      '\\_a\\_',
    ])
  })

  it('is fenced by more backticks than it holds', () => {
    expect(code('a`b')).toBe('``a`b``')
    expect(block('```\ncode\n```')).toBe('````\n```\ncode\n```\n````')
  })
})

describe('the Markdown report', () => {
  const markdown = renderMarkdown(reportFixture)

  it('has sound tables in every kind of report', () => {
    for (const data of [reportFixture, labelReport(), textReport(), leastReport()]) {
      expect(tableFaults(renderMarkdown(data))).toEqual([])
    }
    expect(tableFaults('| a | b |\n| --- | --- |\n| c |')).not.toEqual([])
  })

  it('carries the verdict, the table and the way to do it again', () => {
    expect(markdown).toMatch(
      /^# support-desk: Ship\n\n\*\*Ship it: the student can take the place of teacher-without-guide\.\*\*/,
    )
    expect(markdown).toContain('| teacher (recorded) | teacher | `recorded/with-guide` | 98.6 % |')
    expect(markdown).toContain('```sh\npotstill run examples/support-desk/potstill.yaml --seed 1\n```')
    expect(markdown).not.toContain('\u00a0')
  })
})

describe('the journal', () => {
  it('tells each step with settings, figures and the command that repeats it', () => {
    const journal = renderJournal(journalFixture, reportFixture)
    expect(journal).toContain('# Journal of support-desk')
    expect(journal).toContain('## train, 2026-11-25 03:10:16 UTC')
    expect(journal).toContain('| `epochs` | 15 |')
    expect(journal).toContain('```sh\npotstill train potstill.yaml --seed 1\n```')
    expect(tableFaults(journal)).toEqual([])
  })

  it('stands without a report, and without an entry', () => {
    expect(renderJournal([])).toBe('# Journal\n\nNothing was done yet.\n')
  })
})
