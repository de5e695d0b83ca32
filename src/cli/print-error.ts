/** An error as a person reads it (what, where, hint), and as JSON on stdout when that was asked for. */
import { PotstillError } from '../core/errors.ts'
import { coloursFor } from './colours.ts'

export interface ErrorStreams {
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WriteStream
  readonly json: boolean
}

export function printError(error: unknown, { stdout, stderr, json }: ErrorStreams): void {
  const colours = coloursFor(stderr)
  if (!(error instanceof PotstillError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    stderr.write(
      `${colours.red('unexpected error')}  ${text}\n  hint: this is a fault of potstill's; please report it.\n`,
    )
    if (json) stdout.write(`${JSON.stringify({ error: { code: 'UNEXPECTED', message: text } })}\n`)
    return
  }
  const { code, message, hint, documentation } = error
  stderr.write(
    `${colours.red(colours.bold(code))}  ${message}\n  ${colours.dim('hint:')} ${hint} See ${documentation}\n`,
  )
  if (json) stdout.write(`${JSON.stringify({ error: { code, message, hint, documentation } })}\n`)
}
