/** Whether a text is quoted from an input: word for word, whatever the Unicode form and the white space. */

/** Answers for one input, which is normalised once. An empty quote is quoted from nothing. */
export function createQuoteFinder(input: string): (quote: string) => boolean {
  const haystack = flatten(input)
  return (quote) => {
    const needle = flatten(quote)
    if (needle === '') return false
    for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) {
      if (standsAlone(haystack, at, at + needle.length)) return true
    }
    return false
  }
}

function flatten(text: string): string {
  return text.normalize('NFC').replaceAll(/\s+/gu, ' ').trim()
}

/** False where the quote would begin or end inside a word: "no" is not quoted from "nothing". */
function standsAlone(text: string, start: number, end: number): boolean {
  return !joins(text, start) && !joins(text, end)
}

function joins(text: string, at: number): boolean {
  return at > 0 && at < text.length && isWordCharacter(text[at - 1]) && isWordCharacter(text[at])
}

function isWordCharacter(character: string): boolean {
  return /[\p{L}\p{N}\p{M}]/u.test(character)
}
