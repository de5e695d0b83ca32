/** Text as the micro student sees it: normalising and tokens with their places. Part of the exported module. */

/**
 * NFC text in which every run of white space is one plain space, without space at the ends.
 * Case is kept: what ignores it lowers it.
 * @param {string} text
 * @returns {string}
 */
export function normaliseText(text) {
  return text.normalize('NFC').replace(/\s+/gu, ' ').trim()
}

/** A run of letters (with their marks), a run of digits, or one other visible character. */
const tokenPattern = /[\p{L}\p{M}]+|\p{N}+|[^\s\p{L}\p{M}\p{N}]/gu

/**
 * The tokens of a text in order; `text.slice(start, end)` is the token, offsets in UTF-16 units of the given text.
 * @param {string} text
 * @returns {{ text: string, start: number, end: number }[]}
 */
export function tokenise(text) {
  const tokens = []
  for (const match of text.matchAll(tokenPattern)) {
    tokens.push({ text: match[0], start: match.index, end: match.index + match[0].length })
  }
  return tokens
}
