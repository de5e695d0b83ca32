/** HTML by tagged template: whatever is put in is escaped, unless it is markup that this file made. */

const made = Symbol('markup made by html``')

/** Markup that is safe to put into a page as it is. Only `html` and `trusted` make it. */
export interface Html {
  readonly [made]: true
  readonly markup: string
}

export type HtmlValue = Html | string | number | null | undefined | false | readonly HtmlValue[]

/** Text and attribute values (always in double quotes) alike are escaped; null, undefined and false are nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = parts[0]
  values.forEach((value, index) => {
    markup += toMarkup(value) + parts[index + 1]
  })
  return { [made]: true, markup }
}

/** Markup written in this program, never anything that came from data. */
export function trusted(markup: string): Html {
  return { [made]: true, markup }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character])
}

function toMarkup(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  if (isHtml(value)) return value.markup
  return value.map(toMarkup).join('')
}

function isHtml(value: Html | readonly HtmlValue[]): value is Html {
  return made in value
}
