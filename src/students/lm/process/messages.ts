/** What parent and child process say to each other; structured clones, so typed arrays pass as they are. */
import type { ErrorCode } from '../../../core/errors.ts'

/** What a worker can be asked: by name, what is sent, what comes back meanwhile, and what comes back at the end. */
export type Calls = Readonly<
  Record<string, { readonly input: unknown; readonly event: unknown; readonly result: unknown }>
>

export type ToChild =
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly type: 'cancel'; readonly id: number }

export type ToParent =
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: SentError }

/** A PotstillError keeps its code and hint; any other error its stack as `detail`. */
export interface SentError {
  readonly message: string
  readonly code?: ErrorCode
  readonly hint?: string
  readonly detail?: string
}
