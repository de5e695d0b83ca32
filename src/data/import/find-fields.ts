/** Which field of a record is the input and which the expected answer, where only names can tell. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import { templateFields } from './template-fields.ts'

export interface FieldNames {
  /** Named by the user. */
  readonly input?: string
  readonly answer?: string
}

/** What an input is usually called, the likeliest first. */
export const inputNames: readonly string[] = [
  'input',
  'question',
  'prompt',
  'query',
  'text',
  'message',
  'ticket_text',
  'ticket',
  'instruction',
  'utterance',
  'sentence',
  'document',
  'email',
  'body',
  'content',
]

/** What an expected answer is usually called. */
export const answerNames: readonly string[] = [
  'expected',
  'ideal',
  'correct_answer',
  'ground_truth',
  'correct_label',
  'reference_answer',
  'reference',
  'expected_output',
  'expected_answer',
  'answer',
  'output',
  'label',
  'target',
  'completion',
  'response',
]

/** Keys that neither ask nor answer. */
const otherNames = new Set(['id', 'group', 'conversation', 'split', 'metadata'])

export interface FoundFields {
  readonly input: string
  readonly answer?: string
}

/**
 * By the user's names, else those that an eval's graders refer to, else usual ones, else the one that is left.
 * null where the input cannot be told.
 */
export function findFields(
  item: JsonObject,
  names: FieldNames,
  criteria: readonly Json[],
): FoundFields | null {
  const keys = Object.keys(item).filter((key) => !otherNames.has(key))
  const answer = names.answer ?? referredAnswer(criteria, item) ?? answerNames.find((name) => name in item)
  const open = keys.filter((key) => key !== answer)
  const usual = inputNames.find((name) => open.includes(name))
  const texts = open.filter((key) => typeof item[key] === 'string' || Array.isArray(item[key]))
  const input = names.input ?? usual ?? (texts.length === 1 ? texts[0] : undefined)
  if (input === undefined || !Object.hasOwn(item, input)) return null
  return answer === undefined || answer === input || !Object.hasOwn(item, answer)
    ? { input }
    : { input, answer }
}

/** The item's field that the graders compare with. */
function referredAnswer(criteria: readonly Json[], item: JsonObject): string | undefined {
  return criteria
    .flatMap((criterion) => (isJsonObject(criterion) ? templateFields(criterion.reference) : []))
    .find((name) => Object.hasOwn(item, name))
}
