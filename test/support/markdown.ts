/** What the documentation tests read in Markdown: headings with their anchors, links, tables, code. */
import { readFileSync } from 'node:fs'

export interface Page {
  readonly file: string
  readonly text: string
  /** The text without code blocks. */
  readonly prose: string
  readonly blocks: readonly Block[]
  readonly headings: readonly Heading[]
}

export interface Block {
  readonly language: string
  readonly text: string
}

export interface Heading {
  readonly level: number
  readonly title: string
  /** As GitHub makes it. */
  readonly anchor: string
}

/** Indented ones too, as in lists. */
const fence = /^([ \t]*)```([a-z]*)\n([\s\S]*?)^\1```$/gmu

export function readPage(file: string): Page {
  const text = readFileSync(file, 'utf8').replaceAll('\r\n', '\n')
  const prose = text.replaceAll(fence, '')
  const blocks = [...text.matchAll(fence)].map(([, indent, language, content]) => ({
    language,
    text: content.replaceAll(new RegExp(`^${indent}`, 'gmu'), ''),
  }))
  return { file, text, prose, blocks, headings: headingsOf(prose) }
}

function headingsOf(prose: string): Heading[] {
  const seen = new Map<string, number>()
  return [...prose.matchAll(/^(#{1,6}) (.+)$/gmu)].map(([, marks, title]) => {
    const plain = title.trim().replaceAll('`', '')
    const base = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    const count = seen.get(base) ?? 0
    seen.set(base, count + 1)
    return { level: marks.length, title: plain, anchor: count === 0 ? base : `${base}-${count}` }
  })
}

/** The text from a heading to the next one of its level or above; undefined without such a heading. */
export function sectionOf(page: Page, matches: (title: string) => boolean): string | undefined {
  const lines = page.text.split('\n')
  const titleOf = (line: string): string => line.replace(/^#+ /u, '').replaceAll('`', '').trim()
  const start = lines.findIndex((line) => /^#{1,6} /u.test(line) && matches(titleOf(line)))
  if (start < 0) return undefined
  const level = lines[start].indexOf(' ')
  const length = lines
    .slice(start + 1)
    .findIndex((line) => /^#{1,6} /u.test(line) && line.indexOf(' ') <= level)
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n')
}

/** Targets of links and images. */
export function linksOf({ prose }: Page): string[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)/gu)].map(([, target]) => target)
}

/** The cells of every table row, headers and rules left out. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n')
  const isRow = (line: string | undefined): boolean => line?.startsWith('|') === true
  return lines
    .filter(
      (line, at) =>
        isRow(line) && !/^\|[\s|:-]+\|$/u.test(line) && !/^\|[\s|:-]+\|$/u.test(lines[at + 1] ?? ''),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/u)
        .map((cell) => cell.trim()),
    )
}

/** What stands between backticks. */
export function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/gu)].map(([, code]) => code)
}
