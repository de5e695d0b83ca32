/** The outcomes that several criteria share. */
import type { CriterionGrade, CriterionScore } from '../grade-criterion.ts'
import { fillTemplate, type Variables } from '../template.ts'

export function missingVariable(path: string): Extract<CriterionGrade, { error: string }> {
  return { error: `there is no ${path}`, fault: 'invalid_variable' }
}

/** Several templates at once; the first that cannot be filled is the outcome. */
export function fillAll<Key extends string>(
  templates: Readonly<Record<Key, string>>,
  variables: Variables,
): Readonly<Record<Key, string>> | Extract<CriterionGrade, { error: string }> {
  const texts: Partial<Record<Key, string>> = {}
  for (const key of Object.keys(templates) as Key[]) {
    const filled = fillTemplate(templates[key], variables)
    if ('missing' in filled) return missingVariable(filled.missing)
    texts[key] = filled.text
  }
  return texts as Record<Key, string>
}

/** A score from 0 to 1 against a threshold. */
export function scored(score: number, threshold: number, reason: string): CriterionScore {
  return { score, share: Math.min(1, Math.max(0, score)), passed: score >= threshold, reason }
}
