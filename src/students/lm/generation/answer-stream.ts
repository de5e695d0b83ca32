/** The text of an answer as its tokens arrive: whole characters only, and nothing of a text at which it stops. */
import type { StreamDecoder } from '../text/tokenizer.ts'

export interface AnswerStream {
  /** True when the answer has come to one of the stop texts; nothing may be pushed then. */
  push(token: number): boolean
  /** Gives out what was held back. */
  end(): void
  /** What has been given out. */
  readonly text: string
}

export function createAnswerStream(
  decoder: StreamDecoder,
  stops: readonly string[],
  onText: (text: string) => void,
): AnswerStream {
  let given = ''
  let held = ''
  const give = (count: number): void => {
    if (count === 0) return
    const text = held.slice(0, count)
    held = held.slice(count)
    given += text
    onText(text)
  }
  return {
    push(token) {
      held += decoder.push(token)
      const stop = firstStop(held, stops)
      if (stop === -1) {
        give(held.length - startedStop(held, stops))
        return false
      }
      give(stop)
      held = ''
      return true
    },
    end() {
      held += decoder.end()
      give(held.length)
    },
    get text() {
      return given
    },
  }
}

/** Where the first stop text begins; -1 where there is none. */
function firstStop(text: string, stops: readonly string[]): number {
  const found = stops.map((stop) => text.indexOf(stop)).filter((index) => index !== -1)
  return found.length === 0 ? -1 : Math.min(...found)
}

/** How much of the end could be the beginning of a stop text. */
function startedStop(text: string, stops: readonly string[]): number {
  const longest = Math.max(0, ...stops.map((stop) => stop.length - 1))
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const end = text.slice(text.length - length)
    if (stops.some((stop) => stop.length > length && stop.startsWith(end))) return length
  }
  return 0
}
