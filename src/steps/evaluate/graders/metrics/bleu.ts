/** BLEU and Google's GLEU of one text against one reference, 0..1. */
import { countGrams, overlap, tokenise13a } from './tokens.ts'

const longest = 4

/**
 * Papineni et al. 2002 for one sentence as sacrebleu reckons it: lengths of n-grams that the text is too short for
 * are left out, the k-th length without a match counts as 1 / 2^k matches, and short texts pay a brevity penalty.
 */
export function bleu(text: string, reference: string): number {
  const [tokens, wanted] = [tokenise13a(text), tokenise13a(reference)]
  const lengths = Math.min(longest, tokens.length)
  if (lengths === 0) return 0
  let logs = 0
  let share = 1
  let matched = false
  for (let length = 1; length <= lengths; length++) {
    const matches = overlap(countGrams(tokens, length), countGrams(wanted, length))
    matched ||= matches > 0
    if (matches === 0) share /= 2
    logs += Math.log((matches === 0 ? share : matches) / (tokens.length - length + 1))
  }
  if (!matched) return 0
  const brevity = Math.min(0, 1 - wanted.length / tokens.length)
  return Math.exp(brevity + logs / lengths)
}

/** Wu et al. 2016: of all n-grams up to four tokens the lesser of precision and recall. */
export function gleu(text: string, reference: string): number {
  const [tokens, wanted] = [tokenise13a(text), tokenise13a(reference)]
  let matches = 0
  let grams = 0
  for (let length = 1; length <= longest; length++) {
    matches += overlap(countGrams(tokens, length), countGrams(wanted, length))
    grams += Math.max(0, Math.max(tokens.length, wanted.length) - length + 1)
  }
  return grams === 0 ? 0 : matches / grams
}
