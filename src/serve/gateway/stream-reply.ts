/** A streamed reply on its way to the client: as fast as the client reads, and its end held until it is kept. */
import type { UpstreamStream } from './upstream.ts'

/** What becomes of a stream's bytes. */
export interface StreamHandler {
  /** What goes out for a chunk that came in. */
  chunk(chunk: Buffer): readonly Uint8Array[]
  /** What goes out at the end, once it may. */
  end(): Promise<readonly Uint8Array[]>
  /** The stream broke off, or the client left. Called at most once, and not after `end`. */
  broken(reason: string): void
}

/** What may wait for the client to read. */
const mostWaitingBytes = 64 * 1024

/**
 * A client that reads nothing for `idleMs` is cut off, and the provider with it. `cut` closes the client's
 * connection at once, so that a reply that broke off does not look like one that ended; false where there is none.
 */
export function streamReply(
  stream: UpstreamStream,
  handler: StreamHandler,
  { idleMs, cut }: { readonly idleMs: number; readonly cut: () => boolean },
): ReadableStream<Uint8Array> {
  let timer: NodeJS.Timeout | undefined
  let over = false
  let left = false

  function breakOff(reason: string): void {
    clearTimeout(timer)
    if (over) return
    over = true
    stream.abort()
    handler.broken(reason)
  }

  function start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const send = (parts: readonly Uint8Array[]): void => {
      if (left) return
      for (const part of parts) if (part.length > 0) controller.enqueue(part)
    }
    const fail = (error: Error): void => {
      if (over) return
      breakOff(error.message)
      if (!cut() && !left) controller.error(error)
    }
    /** Whether there is room for more; else the client has so long to make some. */
    const hasRoom = (): boolean => {
      if ((controller.desiredSize ?? 0) > 0) return true
      clearTimeout(timer)
      timer = setTimeout(() => fail(new Error('the client did not read')), idleMs)
      return false
    }
    const finish = async (): Promise<void> => {
      send(await handler.end())
      // A client that left while the end was held has nothing more to get.
      if (!left) controller.close()
    }
    stream.start({
      data(chunk) {
        if (over) return true
        send(handler.chunk(chunk))
        return hasRoom()
      },
      end() {
        if (over) return
        over = true
        clearTimeout(timer)
        finish().catch((error: unknown) => {
          if (!cut() && !left) controller.error(error)
        })
      },
      error: fail,
    })
  }

  return new ReadableStream<Uint8Array>(
    {
      start,
      pull() {
        clearTimeout(timer)
        stream.resume()
      },
      cancel() {
        left = true
        breakOff('the client left')
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: mostWaitingBytes }),
  )
}
