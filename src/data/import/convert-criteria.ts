/** An exported eval's testing criteria as graders of a config, as far as a config can say them. */
import type { GraderConfig } from '../../core/config.ts'
import { similarityMetrics } from '../../core/config.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import { answerNames, inputNames } from './find-fields.ts'
import type { ImportedEval } from './imported-row.ts'
import { templateFields } from './template-fields.ts'

/** What cannot be said is named in `notes`. */
export function convertCriteria(evals: readonly ImportedEval[], notes: string[]): readonly GraderConfig[] {
  const graders: GraderConfig[] = []
  for (const criterion of evals.flatMap(({ criteria }) => criteria).filter(isJsonObject)) {
    const name = typeof criterion.name === 'string' ? criterion.name : JSON.stringify(criterion.type)
    const converted = convert(criterion, name)
    if (typeof converted === 'string')
      notes.push(`The grader ${JSON.stringify(name)} was left out: ${converted}.`)
    else graders.push(converted)
  }
  return graders
}

/** The grader, or why there is none. */
function convert(criterion: JsonObject, name: string): GraderConfig | string {
  const threshold =
    typeof criterion.pass_threshold === 'number' ? { passThreshold: criterion.pass_threshold } : {}
  switch (criterion.type) {
    case 'string_check':
      return convertStringCheck(criterion, name)
    case 'text_similarity': {
      const metric = similarityMetrics.find((each) => each === criterion.evaluation_metric)
      const input = translate(criterion.input)
      const reference = translate(criterion.reference)
      if (metric === undefined || input === null || reference === null) return cannotSay
      const model = metric === 'cosine' ? { model: 'openai/text-embedding-3-large' } : {}
      return { type: 'text_similarity', name, metric, input, reference, ...threshold, ...model }
    }
    case 'label_model':
    case 'score_model':
      return convertJudge(criterion, name, threshold)
    case 'python':
      return 'Python runs only where it is allowed; write it as type javascript, or set evaluate.allowPythonGraders'
    default:
      return `type ${JSON.stringify(criterion.type)} is not known`
  }
}

const cannotSay = 'it needs fields other than the input and the expected answer'

function convertStringCheck(criterion: JsonObject, name: string): GraderConfig | string {
  const operation = (['eq', 'ne', 'like', 'ilike'] as const).find((each) => each === criterion.operation)
  const onText = translate(criterion.input) === '{{sample.output_text}}'
  const reference = translate(criterion.reference)
  if (operation === undefined || !onText || reference === null) return cannotSay
  if (reference === '{{item.expected}}') return { type: 'string_check', name, operation }
  return reference.includes('{{') ? cannotSay : { type: 'string_check', name, operation, value: reference }
}

function convertJudge(
  { type, model, input, labels, passing_labels: passing, range }: JsonObject,
  name: string,
  threshold: { readonly passThreshold?: number },
): GraderConfig | string {
  const prompt = translate(promptOf(input))
  if (prompt === null || typeof model !== 'string') return cannotSay
  const judge = { name, model: model.includes('/') ? model : `openai/${model}`, prompt }
  if (type === 'label_model') {
    if (!isTexts(labels) || !isTexts(passing)) return 'it has no labels'
    return { type: 'label_model', ...judge, labels: [...labels], passingLabels: [...passing] }
  }
  const [low, high] = Array.isArray(range) ? (range as readonly Json[]) : []
  const numbers = typeof low === 'number' && typeof high === 'number'
  return { type: 'score_model', ...judge, range: numbers ? [low, high] : [0, 1], ...threshold }
}

function promptOf(input: Json | undefined): string | undefined {
  if (!Array.isArray(input)) return undefined
  return (input as readonly Json[])
    .filter(isJsonObject)
    .map(({ content }) => (isJsonObject(content) ? content.text : content))
    .filter((text) => typeof text === 'string')
    .join('\n\n')
}

/** Templates over an eval's own fields to those that a row has; null where a field has no place there. */
function translate(template: Json | undefined): string | null {
  if (typeof template !== 'string') return null
  const known = [...inputNames, ...answerNames]
  if (!templateFields(template).every((field) => known.includes(field))) return null
  return template.replaceAll(
    /\{\{\s*(item|sample)\.([\w-]+)([^}]*?)\s*\}\}/gu,
    (_, root: string, field: string, rest: string) => {
      if (root === 'sample') return `{{sample.${field}${rest}}}`
      return `{{item.${inputNames.includes(field) ? 'input' : 'expected'}${rest}}}`
    },
  )
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((text: Json) => typeof text === 'string')
}
