/** Rewrites pre-tokenizers whose JavaScript form splits some texts unlike the reference; the library does the splitting. */
import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts'

/** GPT-2's splitting, as the library's ByteLevel has it too. */
const wordPattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/**
 * The same pre-tokenizer with its patterns written as `Split`, which the library translates from the
 * reference's dialect: ByteLevel's own \s takes U+FEFF for white space and not U+0085, and Digits' own \d
 * knows ASCII digits only, where the reference takes every number character.
 */
export function exactPreTokenizer(preTokenizer: Json | undefined): Json {
  return isJsonObject(preTokenizer) ? exactStep(preTokenizer) : null
}

function exactStep(step: JsonObject): JsonObject {
  if (step.type === 'Sequence' && Array.isArray(step.pretokenizers)) {
    return { ...step, pretokenizers: (step.pretokenizers as JsonObject[]).map(exactStep) }
  }
  if (step.type === 'Digits') return split(step.individual_digits === true ? '\\p{N}' : '\\p{N}+')
  // With a prefix space the pattern sees the text with it: nothing that is loaded here has one.
  if (step.type === 'ByteLevel' && step.use_regex !== false && step.add_prefix_space !== true) {
    return { type: 'Sequence', pretokenizers: [split(wordPattern), { ...step, use_regex: false }] }
  }
  return step
}

function split(regex: string): JsonObject {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false }
}
