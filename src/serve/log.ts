/** Structured logs: one JSON object a line. */
import type { Json } from '../core/json.ts'

export type LogLevel = 'info' | 'warn' | 'error'

export type Log = (
  level: LogLevel,
  message: string,
  facts?: Readonly<Record<string, Json | undefined>>,
) => void

export interface LogStream {
  readonly write: Log
  /** Writes what waits. */
  readonly flush: () => void
}

/** Writing to a file or a pipe blocks the process: lines are gathered for so long. */
const gatherMs = 50

/** Lines such as {"time":"…","level":"info","message":"request","requestId":"…","status":200}. */
export function createLog(
  stream: NodeJS.WritableStream,
  now: () => number,
  least: LogLevel = 'info',
): LogStream {
  const levels: readonly LogLevel[] = ['info', 'warn', 'error']
  let lines: string[] = []
  let timer: NodeJS.Timeout | undefined
  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (lines.length > 0) stream.write(lines.join(''))
    lines = []
  }
  return {
    write(level, message, facts = {}) {
      if (levels.indexOf(level) < levels.indexOf(least)) return
      const time = new Date(now()).toISOString()
      lines.push(`${JSON.stringify({ time, level, message, ...facts })}\n`)
      if (level === 'info') timer ??= setTimeout(flush, gatherMs)
      else flush()
    },
    flush,
  }
}
