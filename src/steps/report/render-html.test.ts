import { describe, expect, it } from 'vitest'
import { reportFixture } from '../../../test/support/report-fixture.ts'
import { markupFaults } from '../../../test/support/report-edges.ts'
import { labelReport, leastReport, textReport, withVerdict } from '../../../test/support/report-variants.ts'
import type { ReportData } from '../../core/report-data.ts'
import { renderHtml } from './render-html.ts'

/** The words of a page, without markup. */
function wordsOf(data: ReportData): string {
  return renderHtml(data)
    .replace(/<style>[^<]*<\/style>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('\u00a0', ' ')
    .replace(/\s+/g, ' ')
}

describe('the page', () => {
  const page = renderHtml(reportFixture)

  it('may load nothing and run nothing', () => {
    expect(page).toContain('default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;')
    expect(page).not.toMatch(/<(script|img|link|iframe|object|embed)|url\(|@import|\son\w+=/)
  })

  it('is sound markup with unique ids and headings in order', () => {
    expect(markupFaults(page)).toEqual([])
    const ids = Array.from(page.matchAll(/ id="([^"]*)"/g), (match) => match[1])
    expect(new Set(ids).size).toBe(ids.length)
    const levels = Array.from(page.matchAll(/<h([1-6])/g), (match) => Number(match[1]))
    expect(levels[0]).toBe(1)
    expect(levels.filter((level, index) => index > 0 && level > levels[index - 1] + 1)).toEqual([])
  })

  it('leads every link of the contents to a section', () => {
    const targets = Array.from(page.matchAll(/href="#([^"]*)"/g), (match) => match[1])
    expect(targets.length).toBe(9)
    expect(targets.filter((target) => !page.includes(`id="${target}"`))).toEqual([])
  })

  it('calls recorded arms recorded wherever they stand', () => {
    const cells = Array.from(
      page.matchAll(/<span class="arm">(teacher|teacher-without-guide)<\/span>(.{0,40})/gs),
    )
    expect(cells.length).toBeGreaterThan(20)
    expect(cells.filter((match) => !match[2].includes('<span class="badge">recorded</span>'))).toEqual([])
  })

  it('gives every table a caption or headings with a scope', () => {
    const tables = page.split('<table').slice(1)
    expect(tables.filter((table) => !table.split('</table>')[0].includes('scope="col"'))).toEqual([])
    expect(page).not.toMatch(/<th(?![^>]*scope)[ >]/)
  })

  it('names every chart', () => {
    expect(page).not.toMatch(/<svg(?![^>]*(aria-label|aria-hidden|viewBox|overflow))/)
  })
})

describe('the words', () => {
  it('state each verdict', () => {
    const heads = (['ship', 'ship_with_fallback', 'do_not_ship', 'not_enough_data', 'no_need'] as const).map(
      (verdict) => /class="word">.*?<\/span>\s*([^<]+?)\s*<\/p>/s.exec(renderHtml(withVerdict(verdict)))?.[1],
    )
    expect(heads).toEqual(['Ship', 'Ship with fallback', 'Do not ship', 'Not enough data', 'No need'])
  })

  it('put warnings before the figures', () => {
    const words = wordsOf(reportFixture)
    expect(words.indexOf(reportFixture.warnings[0])).toBeGreaterThan(0)
    expect(words.indexOf(reportFixture.warnings[0])).toBeLessThan(words.indexOf('All arms on the same rows'))
  })

  it('show the mixture and its price where the verdict is to ship with fallback', () => {
    const words = wordsOf(withVerdict('ship_with_fallback', { threshold: 0.62, coverage: 0.66 }))
    expect(words).toContain('With the teacher behind it, mean field accuracy')
    expect(words).toContain('$1.87 → $2.11')
    expect(words).toContain('Below a confidence of 62.0 % the teacher answers')
  })

  it('speak of accuracy where the answer is one value, and drop exact match', () => {
    const words = wordsOf(labelReport())
    expect(words).toContain('Student before → after, accuracy')
    expect(words).not.toMatch(/mean field|Exact match/i)
    expect(words).toContain('Taken for another most often')
  })

  it('speak of grades for text, and count the graders’ own errors apart', () => {
    const words = wordsOf(textReport())
    expect(words).toContain('Mean grade')
    expect(words).toContain('says no more than the source teacher recorded 91.0 % 87.0 – 94.0 % 182 3')
    expect(words).toContain('2 calls failed, counted as wrong')
    expect(words).not.toContain('Field by field')
  })

  it('say nothing of what there is not', () => {
    const words = wordsOf(leastReport())
    expect(words).toContain('about 190 more would settle it')
    expect(words).toContain('10 training rows are enough to try the whole path')
    expect(words).toContain('nothing had to be removed')
    expect(words).toContain('No training row was found in or near the evaluation rows')
    expect(words).not.toMatch(/Side by side|What to try next|Where it still fails|Before you trust/)
  })

  it('mark wrong answers with a word, not by colour alone', () => {
    expect(wordsOf(reportFixture)).toContain('sync_failure sync_failure sync_failure ✕ wrong: install_update')
  })

  it('keep the line breaks and the spaces of inputs, answers, config and prompt as they are', () => {
    const text = 'one\n  two\n'
    const [row] = reportFixture.worstRows
    const data = {
      ...reportFixture,
      task: { ...reportFixture.task, prompt: text },
      reproduce: { ...reportFixture.reproduce, config: text },
      worstRows: [{ ...row, input: text, answers: [{ arm: 'student-after', value: null, fault: text }] }],
    }
    const page = renderHtml(data)
    expect(page.split(`<pre tabindex="0"><code>${text}</code></pre>`).length).toBe(3)
    expect(page).toContain(`<blockquote dir="auto">${text}</blockquote>`)
    expect(page).toContain(`<span class="answer" dir="auto">${text}</span>`)
  })

  it('set neither the floor nor the student before beside the worst rows, and fold all but five of them away', () => {
    const [row] = reportFixture.worstRows
    const floor = {
      ...row,
      answers: [...row.answers, { arm: 'most-frequent', value: { sentiment: 'positive' } }],
    }
    const page = renderHtml({ ...reportFixture, worstRows: Array.from({ length: 7 }, () => floor) })
    const worst = page.slice(page.indexOf('id="worst"'), page.indexOf('id="coverage"'))
    expect(worst).not.toContain('most-frequent')
    expect(worst).not.toContain('positive')
    expect(worst).toMatch(/<summary>2\smore rows<\/summary>/)
  })

  it('give the intervals of worse fields without calling them 95 % ones', () => {
    const words = wordsOf(reportFixture)
    expect(words).toContain('intent −6.0 points (−11.2 to −0.8 points)')
    expect(words).toContain('These intervals are wider than 95 %')
  })

  it('link to the terms only on the web', () => {
    const terms = { ...reportFixture.terms, url: 'javascript:alert(1)' }
    expect(renderHtml({ ...reportFixture, terms })).not.toContain('href="javascript')
    expect(renderHtml(reportFixture)).toContain('href="https://openai.com/policies/terms-of-use"')
  })
})
