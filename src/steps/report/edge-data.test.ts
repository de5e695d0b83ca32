import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { edgeReports, hostileTexts, markupFaults, tableFaults } from '../../../test/support/report-edges.ts'
import { journalFixture, reportFixture } from '../../../test/support/report-fixture.ts'
import type { ReportData } from '../../core/report-data.ts'
import { renderHtml } from './render-html.ts'
import { renderJournal } from './render-journal.ts'
import { renderMarkdown } from './render-markdown.ts'
import { renderSummary } from './render-summary.ts'
import { clean, columnsOf } from './terminal-text.ts'

const slips = /undefined|NaN|Infinity|\[object/

function check(property: (data: ReportData) => void, runs = 40): void {
  fc.assert(fc.property(edgeReports, property), { numRuns: runs })
}

describe('any report', () => {
  it('becomes a page with sound markup and no slip of the program', () => {
    check((data) => {
      const page = renderHtml(data)
      expect(page).not.toMatch(slips)
      expect(markupFaults(page)).toEqual([])
    })
  })

  it('becomes Markdown whose tables hold together', () => {
    check((data) => {
      const markdown = renderMarkdown(data)
      expect(markdown).not.toMatch(slips)
      expect(tableFaults(markdown)).toEqual([])
    })
  })

  it('becomes a summary of at most 42 lines that fits the terminal', () => {
    fc.assert(
      fc.property(edgeReports, fc.constantFrom(40, 80, 132), (data, width) => {
        const lines = renderSummary(data, { width, colour: false }).slice(0, -1).split('\n')
        const path = clean(`${data.run.folder}/report.html`)
        expect(lines.join('\n')).not.toMatch(slips)
        expect(lines.length).toBeLessThanOrEqual(42)
        expect(lines.filter((line) => columnsOf(line) > width && line !== path)).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it('gives the journal a head', () => {
    check((data) => {
      const journal = renderJournal([{ ...journalFixture[0], text: data.note ?? '' }], data)
      expect(journal).not.toMatch(slips)
      expect(tableFaults(journal)).toEqual([])
    }, 20)
  })
})

describe('hostile text', () => {
  it('is text wherever it stands in the page', () => {
    for (const text of hostileTexts) {
      const hostile = withTextEverywhere(text)
      const page = renderHtml(hostile)
      expect(markupFaults(page)).toEqual([])
      expect(page).not.toMatch(/<script|<img|javascript:[^<]*" rel/)
    }
  })

  it('breaks no table and no block of the Markdown', () => {
    for (const text of hostileTexts) {
      const markdown = renderMarkdown(withTextEverywhere(text))
      expect(tableFaults(markdown)).toEqual([])
      expect(
        markdown.replace(/^(`{3,})[^\n]*\n[\s\S]*?\n\1$/gm, '').replace(/(`+)[^\n]*?[^`]\1(?!`)/g, ''),
      ).not.toMatch(/(?<!\\)<(script|img)/)
    }
  })

  it('sends no control characters to the terminal', () => {
    const summary = renderSummary(withTextEverywhere('\u001b[31mred\u0007\u202e'), {
      width: 80,
      colour: false,
    })
    expect(summary.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
  })
})

/** The fixture with every string in it replaced, except those that the types fix. */
function withTextEverywhere(text: string): ReportData {
  const fixed = new Set([
    'role',
    'source',
    'verdict',
    'metric',
    'kind',
    'output',
    'status',
    'reason',
    'type',
    'startedAt',
    'finishedAt',
  ])
  const replace = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return fixed.has(key) && isWord(value) ? value : text
    if (Array.isArray(value)) return value.map((item) => replace(item, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replace(item, name)]))
  }
  return replace(reportFixture, '') as ReportData
}

function isWord(value: string): boolean {
  return !value.includes(' ')
}
