/** The metrics that compare two texts by themselves, by the name that OpenAI's text_similarity gives them. */
import { bleu, gleu } from './bleu.ts'
import { commonSubsequence } from './common-subsequence.ts'
import { meteor } from './meteor.ts'
import { rouge, rougeL } from './rouge.ts'

/** All but `cosine`, which asks a model. */
export type TextMetric =
  | 'fuzzy_match'
  | 'bleu'
  | 'gleu'
  | 'meteor'
  | 'rouge_1'
  | 'rouge_2'
  | 'rouge_3'
  | 'rouge_4'
  | 'rouge_5'
  | 'rouge_l'

const metrics: Readonly<Record<TextMetric, (text: string, reference: string) => number>> = {
  fuzzy_match: fuzzyMatch,
  bleu,
  gleu,
  meteor,
  rouge_1: (text, reference) => rouge(text, reference, 1),
  rouge_2: (text, reference) => rouge(text, reference, 2),
  rouge_3: (text, reference) => rouge(text, reference, 3),
  rouge_4: (text, reference) => rouge(text, reference, 4),
  rouge_5: (text, reference) => rouge(text, reference, 5),
  rouge_l: rougeL,
}

/** 0 (nothing in common) to 1. */
export function similarity(metric: TextMetric, text: string, reference: string): number {
  return metrics[metric](text, reference)
}

/** Cosine of the angle between two vectors, -1..1; 0 where one of them is zero. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, index) => sum + value * y[index], 0)
  const lengths = Math.sqrt(dot(a, a) * dot(b, b))
  return lengths === 0 ? 0 : dot(a, b) / lengths
}

/** Share of the characters of both texts that lie on their longest common subsequence; two empty texts are equal. */
function fuzzyMatch(text: string, reference: string): number {
  const [got, wanted] = [Array.from(text), Array.from(reference)]
  const characters = got.length + wanted.length
  return characters === 0 ? 1 : (2 * commonSubsequence(got, wanted)) / characters
}
