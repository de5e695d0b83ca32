/** ROUGE (Lin 2004): n-grams or the longest common subsequence in common, as F1, 0..1. */
import { commonSubsequence } from './common-subsequence.ts'
import { countGrams, overlap, tokeniseWords } from './tokens.ts'

/** F1 over runs of `length` words. */
export function rouge(text: string, reference: string, length: number): number {
  const [got, wanted] = [tokeniseWords(text), tokeniseWords(reference)]
  const common = overlap(countGrams(got, length), countGrams(wanted, length))
  return f1(common, got.length - length + 1, wanted.length - length + 1)
}

/** F1 over the longest common subsequence of words. */
export function rougeL(text: string, reference: string): number {
  const [got, wanted] = [tokeniseWords(text), tokeniseWords(reference)]
  return f1(commonSubsequence(got, wanted), got.length, wanted.length)
}

function f1(common: number, got: number, wanted: number): number {
  return common === 0 ? 0 : (2 * common) / (got + wanted)
}
