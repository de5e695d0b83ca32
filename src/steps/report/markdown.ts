/** Markdown from data: text that stays text, tables that stay tables, whatever is in them. */

/** Text in a paragraph or a table cell: on one line, with nothing left that Markdown or HTML would act on. */
export function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*[\]<>|~&#!$]/g, '\\$&')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/^([-+=](?=[-+=\s]|$)|\d+[.)](?=\s|$))/, (start) => `${start.slice(0, -1)}\\${start.slice(-1)}`)
}

/** A code span in a paragraph or a table cell; plain text where there is a bar in it, which a table would split. */
export function code(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line === '') return '(empty)'
  if (line.includes('|')) return plain(line)
  const fence = fenceFor(line, 1)
  const space = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${fence}${space}${line}${space}${fence}`
}

/** A block of code or of untouched text. */
export function block(text: string, language = ''): string {
  const fence = fenceFor(text, 3)
  return `${fence}${language}\n${text.replace(/\n+$/, '')}\n${fence}`
}

/** More backticks than any run of them in the text. */
function fenceFor(text: string, least: number): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
  return '`'.repeat(Math.max(least, longest + 1))
}

/** A column's heading, and whether it holds figures: those stand on the right. */
export type Column = readonly [heading: string, look?: 'figure']

/** Cells are Markdown already. A missing cell is empty, so that every line has the same number. */
export function table(columns: readonly Column[], lines: readonly (readonly string[])[]): string {
  const heading = columns.map((column) => column[0])
  const rule = columns.map((column) => (column[1] === 'figure' ? '---:' : '---'))
  const body = lines.map((line) => columns.map((_, index) => line[index] ?? ''))
  return [heading, rule, ...body].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

export function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}

/** Parts with an empty line between them; empty parts are left out. */
export function paragraphs(parts: readonly (string | null | false)[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join('\n\n')
}
