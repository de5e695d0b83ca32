/** File names as clients send them, made harmless: shown to people, never used as a path. */

const longest = 200

/** The last part of the path it may be, without control characters; "file" where nothing is left. */
export function cleanFileName(name: string): string {
  const last = name.split(/[/\\]/u).at(-1) ?? ''
  // Control characters and those that turn the direction of text hide what a name really is.
  const visible = last.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '').trim()
  const shortened = shorten(visible)
  return /^\.*$/u.test(shortened) ? 'file' : shortened
}

/** Keeps the ending, which says what the file holds. */
function shorten(name: string): string {
  const characters = Array.from(name)
  if (characters.length <= longest) return name
  const ending = /\.[A-Za-z0-9]{1,10}$/u.exec(name)?.[0] ?? ''
  return characters.slice(0, longest - ending.length).join('') + ending
}
