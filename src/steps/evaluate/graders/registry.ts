/** All graders, by the `type` that the config names; a missing entry does not compile. */
import type { GraderConfig } from '../../../core/config.ts'
import type { Grader } from '../../../core/grader.ts'
import { exactMatch } from './exact-match.ts'
import { field } from './field.ts'
import type { GraderContext, GraderFactory } from './grader-factory.ts'
import { javascript } from './javascript.ts'
import { labelModel } from './label-model.ts'
import { numeric } from './numeric.ts'
import { python } from './python.ts'
import { quoted } from './quoted.ts'
import { schemaValid } from './schema-valid.ts'
import { scoreModel } from './score-model.ts'
import { stringCheck } from './string-check.ts'
import { textSimilarity } from './text-similarity.ts'

const factories: { readonly [Type in GraderConfig['type']]: GraderFactory<Type> } = {
  exact_match: exactMatch,
  field,
  schema_valid: schemaValid,
  string_check: stringCheck,
  numeric,
  quoted,
  text_similarity: textSimilarity,
  label_model: labelModel,
  score_model: scoreModel,
  javascript,
  python,
}

export function createGrader(config: GraderConfig, context: GraderContext): Grader {
  return (factories[config.type] as GraderFactory<GraderConfig['type']>)(config, context)
}

/** The graders of the config, after those that every task gets: quoted strings must stand in the input. */
export function createGraders(configs: readonly GraderConfig[], context: GraderContext): readonly Grader[] {
  const hasQuotes = context.task.fields.some((field) => field.quoted)
  const standard: GraderConfig[] = hasQuotes ? [{ type: 'quoted', name: 'quoted from input' }] : []
  return [...standard, ...configs].map((config) => createGrader(config, context))
}
