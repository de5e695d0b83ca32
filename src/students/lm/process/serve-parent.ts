/** The child's side of a worker process: answers the parent's calls until the parent is gone. */
import { messageOf, PotstillError } from '../../../core/errors.ts'
import type { Calls, SentError, ToChild, ToParent } from './messages.ts'

export interface CallContext<Event> {
  readonly emit: (event: Event) => void
  /** Aborted when the parent gives the call up; what the handler then returns or throws is still its answer. */
  readonly signal: AbortSignal
}

export type Handlers<C extends Calls> = {
  readonly [Name in keyof C]: (
    input: C[Name]['input'],
    context: CallContext<C[Name]['event']>,
  ) => Promise<C[Name]['result']>
}

/** Calls run side by side; a handler that must not overlap another has to queue itself. */
export function serveParent<C extends Calls>(handlers: Handlers<C>): void {
  const running = new Map<number, AbortController>()
  process.on('message', (message: ToChild) => {
    if (message.type === 'cancel') {
      running.get(message.id)?.abort()
      return
    }
    const abort = new AbortController()
    running.set(message.id, abort)
    const { id, name, input } = message
    handlers[name](input, { signal: abort.signal, emit: (event) => send({ type: 'event', id, event }) })
      .then(
        (result) => send({ type: 'result', id, result }),
        (error: unknown) => send({ type: 'error', id, error: describeError(error) }),
      )
      .finally(() => running.delete(id))
  })
  // A parent that was killed cannot say so: the closed channel is the only sign.
  process.on('disconnect', () => process.exit())
  // Ctrl-C reaches the whole group of processes; how to end is for the parent to say.
  process.on('SIGINT', () => {})
}

function send(message: ToParent): void {
  // The callback takes the error of a channel that has closed; `disconnect` ends the process.
  process.send?.(message, undefined, undefined, () => {})
}

function describeError(error: unknown): SentError {
  if (error instanceof PotstillError) {
    return { message: error.message, code: error.code, hint: error.hint }
  }
  return { message: messageOf(error), ...(error instanceof Error ? { detail: error.stack } : {}) }
}
