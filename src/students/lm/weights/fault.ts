/** The two ways in which a model's file can be of no use: broken, or of a kind that is not read. */
import { PotstillError } from '../../../core/errors.ts'

/** MODEL_FILE_INVALID: the bytes are not what the format promises. */
export function invalidFile(path: string, problem: string, cause?: unknown): PotstillError {
  return new PotstillError('MODEL_FILE_INVALID', `${path} ${problem}`, { cause })
}

/** MODEL_UNSUPPORTED: the file may be whole, but is of a kind that is not read. */
export function unsupported(path: string, problem: string, hint?: string): PotstillError {
  return new PotstillError('MODEL_UNSUPPORTED', `${path} ${problem}`, { hint })
}
