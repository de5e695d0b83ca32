/** Text to tokens, as the reference implementations of the metrics cut it. */

/**
 * The tokeniser "13a" of the mteval script, on which published BLEU figures rest: punctuation is cut off, but not
 * inside numbers; case is kept.
 */
export function tokenise13a(text: string): string[] {
  const unescaped = text
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
  return words(
    ` ${unescaped} `
      .replaceAll(/([{-~[-` -&(-+:-@/])/gu, ' $1 ')
      .replaceAll(/([^0-9])([.,])/gu, '$1 $2 ')
      .replaceAll(/([.,])([^0-9])/gu, ' $1 $2')
      .replaceAll(/([0-9])(-)/gu, '$1 $2 '),
  )
}

const scriptsWithoutSpaces = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu

/**
 * Runs of letters and digits in lower case, as ROUGE counts them. The published tokeniser knows a to z alone, this
 * one every script; those that put no spaces between words count by character.
 */
export function tokeniseWords(text: string): string[] {
  const spaced = text.toLowerCase().replaceAll(scriptsWithoutSpaces, ' $& ')
  return spaced.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
}

/** How often each run of `length` tokens occurs. */
export function countGrams(tokens: readonly string[], length: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (let start = 0; start + length <= tokens.length; start++) {
    const gram = tokens.slice(start, start + length).join('\u0000')
    counts.set(gram, (counts.get(gram) ?? 0) + 1)
  }
  return counts
}

/** How many grams two counts have in common, each as often as the one that has fewer. */
export function overlap(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let common = 0
  for (const [gram, count] of a) common += Math.min(count, b.get(gram) ?? 0)
  return common
}

function words(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== '')
}
