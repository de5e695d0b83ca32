/** Special tokens in tokenizer_config.json. */
import { isJsonObject } from '../../../core/json.ts'

/** A token is given as its text or as an object that holds it; null where it is neither. */
export function tokenText(value: unknown): string | null {
  if (typeof value === 'string') return value
  return isJsonObject(value) && typeof value.content === 'string' ? value.content : null
}
