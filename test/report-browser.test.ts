/** Opens the report in a real browser: no errors, no network, no sideways scrolling on a phone, dark mode. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ReportData } from '../src/core/report-data.ts'
import { renderHtml } from '../src/steps/report/render-html.ts'
import { reportFixture } from './support/report-fixture.ts'
import { labelReport, leastReport, textReport } from './support/report-variants.ts'

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const withoutChromium = !existsSync(executablePath)

describe.skipIf(withoutChromium)('the report in a browser (needs chromium, or CHROMIUM_PATH)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'potstill-report-'))
  let browser: Browser

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  })

  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function open(
    data: ReportData,
    width: number,
    colorScheme: 'light' | 'dark' = 'light',
  ): Promise<Opened> {
    const file = join(folder, 'report.html')
    writeFileSync(file, renderHtml(data))
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme })
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(request.url())
    })
    await page.goto(pathToFileURL(file).href)
    await page.evaluate(`for (const part of document.querySelectorAll('details')) part.open = true`)
    return { page, complaints }
  }

  it('opens without an error, a warning or a request', async () => {
    const { page, complaints } = await open(reportFixture, 1280)
    expect(await page.title()).toContain('support-desk: Ship')
    expect(complaints).toEqual([])
    await page.close()
  })

  it('never scrolls sideways at 360 pixels, whatever the report', async () => {
    const name = 'a-very-long-name-without-a-single-space-that-nobody-should-choose-but-somebody-will'
    const long = {
      ...reportFixture,
      name,
      arms: reportFixture.arms.map((arm) => ({ ...arm, name: `${name}-${arm.name}` })),
    }
    for (const data of [reportFixture, labelReport(), textReport(), leastReport(), long]) {
      const { page } = await open(data, 360)
      expect([data.name, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([
        data.name,
        360,
      ])
      await page.close()
    }
  })

  it('is dark where the reader’s screen is', async () => {
    const light = await open(reportFixture, 800, 'light')
    const dark = await open(reportFixture, 800, 'dark')
    expect(await brightness(light.page)).toBeGreaterThan(600)
    expect(await brightness(dark.page)).toBeLessThan(150)
    await light.page.close()
    await dark.page.close()
  })
})

interface Opened {
  readonly page: Page
  readonly complaints: readonly string[]
}

/** Sum of red, green and blue of the page's background, 0..765. */
async function brightness(page: Page): Promise<number> {
  const colour = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
  return (colour.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)
}
