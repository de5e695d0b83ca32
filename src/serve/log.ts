/** Structured logs: one JSON object a line. */
import type { Json } from '../core/json.ts'

export type LogLevel = 'info' | 'warn' | 'error'

export type Log = (
  level: LogLevel,
  message: string,
  facts?: Readonly<Record<string, Json | undefined>>,
) => void

/** Lines such as {"time":"…","level":"info","message":"request","requestId":"…","status":200}. */
export function createLog(stream: NodeJS.WritableStream, now: () => number): Log {
  return (level, message, facts = {}) => {
    stream.write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...facts })}\n`)
  }
}
