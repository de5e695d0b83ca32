/** The one text normaliser: what counts as the same text wherever rows are told apart. */

/** Unicode form NFC, each run of white space one space, none at the ends. Case and punctuation stay. */
export function normaliseText(text: string): string {
  return text.normalize('NFC').replaceAll(/\s+/gu, ' ').trim()
}
