/** Text for a terminal: its width in columns, cutting, wrapping, and no control characters from data. */

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u

/** One line (no-break spaces stay), without control characters or marks that turn the direction of text. */
export function clean(text: string): string {
  return text
    .replace(/[^\S\u00a0]+/g, ' ')
    .replace(/[\p{Cc}\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '')
    .trim()
}

function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), (part) => part.segment)
}

/** Columns that a text takes: two for East Asian wide characters and emoji, one for the rest. */
export function columnsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  return graphemes(text).reduce((sum, part) => sum + (wide.test(part) ? 2 : 1), 0)
}

export function cut(text: string, width: number): string {
  if (columnsOf(text) <= width) return text
  let kept = ''
  let used = 1
  for (const part of graphemes(text)) {
    used += wide.test(part) ? 2 : 1
    if (used > width) break
    kept += part
  }
  return `${kept.trimEnd()}…`
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)))
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - columnsOf(text))) + text
}

/** Lines of at most `width` columns; `indent` goes before every line but the first. At most `most` lines. */
export function wrap(text: string, width: number, indent = '', most = Infinity): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (columnsOf(longer) <= width || line.trim() === '') {
      line = columnsOf(longer) <= width ? longer : cut(longer, width)
      continue
    }
    lines.push(line)
    line = cut(`${indent}${word}`, width)
  }
  if (line !== '') lines.push(line)
  if (lines.length <= most) return lines
  return [...lines.slice(0, most - 1), `${cut(lines[most - 1], width - 1).replace(/…$/, '')}…`]
}
