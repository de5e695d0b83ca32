/** Asks again where that may help: connections are cut and servers are busy. */
import { messageOf, PotstillError } from '../../../core/errors.ts'
import { TryAgain } from './refusal.ts'

export interface Patience {
  /** Waits between attempts. */
  readonly sleep: (ms: number) => Promise<void>
  readonly signal?: AbortSignal
}

/** Attempts after which it is given up, counted from the last one that got on. */
const mostIdleAttempts = 5
const firstWaitMs = 500

/**
 * What `work` gives. `shown` is the address without secrets; `hasMoved` says whether a failed attempt got on.
 * Throws MODEL_FETCH_FAILED when it is given up, INTERRUPTED when the signal is aborted, and what `work` throws as a
 * PotstillError: that is final.
 */
export async function persist<T>(
  shown: string,
  { sleep, signal }: Patience,
  { work, hasMoved }: { readonly work: () => Promise<T>; readonly hasMoved?: () => Promise<boolean> },
): Promise<T> {
  for (let idle = 0; ;) {
    if (isAborted(signal)) throw interrupted(shown)
    try {
      return await work()
    } catch (error) {
      if (isAborted(signal)) throw interrupted(shown)
      if (error instanceof PotstillError) throw error
      idle = hasMoved !== undefined && (await hasMoved()) ? 0 : idle + 1
      if (idle >= mostIdleAttempts) {
        const message = `${shown} could not be fetched: ${messageOf(error)}`
        throw new PotstillError('MODEL_FETCH_FAILED', message, { cause: error })
      }
      const waitMs = error instanceof TryAgain ? error.waitMs : null
      // A sleep that is cut short by the signal is dealt with above.
      await sleep(waitMs ?? firstWaitMs * 2 ** idle).catch(() => undefined)
    }
  }
}

const isAborted = (signal?: AbortSignal): boolean => signal?.aborted === true

function interrupted(shown: string): PotstillError {
  return new PotstillError('INTERRUPTED', `fetching ${shown} was interrupted`)
}
