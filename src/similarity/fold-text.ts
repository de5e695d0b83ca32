/** Folds away what does not make two texts different: case, punctuation, white space, width and ligatures. */

/**
 * NFKC, lower case, apostrophes dropped, other punctuation and white space one space. Signs such as "+" and "$"
 * stay. A text of nothing but punctuation keeps it, so that "???" and "..." stay apart.
 */
export function foldText(text: string): string {
  const plain = text.normalize('NFKC').toLowerCase().replaceAll(/\s+/gu, ' ').trim()
  const folded = plain
    .replaceAll(/['’]/gu, '')
    .replaceAll(/[\s\p{P}]+/gu, ' ')
    .trim()
  return folded === '' ? plain : folded
}
