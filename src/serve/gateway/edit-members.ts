/** Changes single members of a JSON object's text and leaves every other character as it came. */

interface Member {
  readonly key: string
  /** Of the key's first quote, and behind the value. */
  readonly start: number
  readonly end: number
}

/**
 * `text` must be a valid JSON object. Members named in `changes` are taken out, wherever and however often they
 * stand; a value (JSON text) is put back at the front, null is not. Numbers beyond double precision, the order of
 * keys and spaces stay as they are, which parsing and writing again would not leave so.
 */
export function editMembers(text: string, changes: Readonly<Record<string, string | null>>): string {
  const members = topLevelMembers(text)
  const kept = members.filter(({ key }) => !Object.hasOwn(changes, key))
  const added = Object.entries(changes).filter(([, value]) => value !== null)
  const parts = [
    ...added.map(([key, value]) => `${JSON.stringify(key)}:${value}`),
    ...kept.map(({ start, end }) => text.slice(start, end)),
  ]
  return `{${parts.join(',')}}`
}

function topLevelMembers(text: string): Member[] {
  const members: Member[] = []
  let at = text.indexOf('{') + 1
  for (;;) {
    const start = text.indexOf('"', at)
    if (start === -1) return members
    const keyEnd = endOfString(text, start)
    const end = endOfValue(text, text.indexOf(':', keyEnd) + 1)
    members.push({ key: JSON.parse(text.slice(start, keyEnd)) as string, start, end })
    at = end
  }
}

/** Behind the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    let slashes = 0
    while (text[quote - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

/** The next comma or closing brace that stands in no string, object or array of the value. */
function endOfValue(text: string, start: number): number {
  let depth = 0
  let at = start
  while (at < text.length) {
    const character = text[at]
    if (character === '"') {
      at = endOfString(text, at)
      continue
    }
    if (character === '{' || character === '[') depth++
    else if (depth > 0 && (character === '}' || character === ']')) depth--
    else if (depth === 0 && (character === ',' || character === '}')) return at
    at++
  }
  return at
}
