/** What a status other than success means: wait and ask again, or tell the user. */
import { PotstillError } from '../../../core/errors.ts'
import { headerOf, type Headers } from './ask.ts'

/** Thrown where asking again may help. */
export class TryAgain extends Error {
  /** What the server asks for, in milliseconds. */
  readonly waitMs: number | null

  constructor(message: string, waitMs: number | null = null) {
    super(message)
    this.waitMs = waitMs
  }
}

/** Gives TryAgain for what passes, MODEL_FETCH_FAILED for what does not. `shown` is the address without secrets. */
export function refusal(status: number, headers: Headers, shown: string, hasToken: boolean): Error {
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return new TryAgain(`${shown} answered ${status}`, retryAfterMs(headers))
  }
  const failed = (hint: string): PotstillError =>
    new PotstillError('MODEL_FETCH_FAILED', `${shown} answered ${status}`, { hint })
  if (status === 401 || status === 403) {
    return failed(
      hasToken
        ? "Accept the model's terms on its page with the account of HF_TOKEN, or check the token."
        : "Set HF_TOKEN to a token of an account that has accepted the model's terms, or check the name.",
    )
  }
  if (status === 404) return failed('Check the name, the file and the revision.')
  return failed('Check the address.')
}

const longestWaitMs = 60_000

function retryAfterMs(headers: Headers): number | null {
  const seconds = Number(headerOf(headers, 'retry-after') ?? NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, longestWaitMs) : null
}
