/** A streamed reply on its way to the client: as fast as the client reads, and its end held until it is kept. */
import type { UpstreamStream } from './upstream.ts'

/** What becomes of a stream's bytes. */
export interface StreamHandler {
  /** What goes out for a chunk that came in. */
  chunk(chunk: Buffer): Uint8Array[]
  /** What goes out at the end, once it may. */
  end(): Promise<Uint8Array[]>
  /** The stream broke off, or the client left. Called at most once, and not after `end`. */
  broken(reason: string): void
}

/** What may wait for the client to read. */
const mostWaitingBytes = 64 * 1024

/** A client that reads nothing for `idleMs` is cut off, and the provider with it. */
export function streamReply(
  stream: UpstreamStream,
  handler: StreamHandler,
  idleMs: number,
): ReadableStream<Uint8Array> {
  let timer: NodeJS.Timeout | undefined
  let over = false
  let left = false
  function finish(reason: string | null): void {
    clearTimeout(timer)
    if (over) return
    over = true
    if (reason === null) return
    stream.abort()
    handler.broken(reason)
  }
  async function finishWith(
    controller: ReadableStreamDefaultController<Uint8Array>,
    send: (parts: readonly Uint8Array[]) => void,
  ): Promise<void> {
    const last = await handler.end()
    // A client that left while the end was held has nothing more to get.
    if (left) return
    send(last)
    controller.close()
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const full = (): boolean => (controller.desiredSize ?? 0) <= 0
        const tooSlow = (): void => {
          finish('the client did not read')
          controller.error(new Error('the client did not read'))
        }
        const send = (parts: readonly Uint8Array[]): void => {
          for (const part of parts) if (part.length > 0) controller.enqueue(part)
        }
        stream.start({
          data(chunk) {
            if (over) return true
            send(handler.chunk(chunk))
            if (!full()) return true
            timer = setTimeout(tooSlow, idleMs)
            return false
          },
          end() {
            if (over) return
            over = true
            clearTimeout(timer)
            void finishWith(controller, send)
          },
          error(error) {
            if (over) return
            finish(error.message)
            controller.error(error)
          },
        })
      },
      pull() {
        clearTimeout(timer)
        stream.resume()
      },
      cancel() {
        left = true
        finish('the client left')
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: mostWaitingBytes }),
  )
}
