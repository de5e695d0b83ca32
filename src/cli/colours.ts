/** Colours for a stream: on for terminals, off for pipes, NO_COLOR and FORCE_COLOR honoured. */
import picocolors from 'picocolors'

export type Colours = ReturnType<typeof picocolors.createColors>

export function coloursFor(
  stream: NodeJS.WriteStream,
  environment: NodeJS.ProcessEnv = process.env,
): Colours {
  if (environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '')
    return picocolors.createColors(false)
  if (environment['FORCE_COLOR'] !== undefined)
    return picocolors.createColors(environment['FORCE_COLOR'] !== '0')
  return picocolors.createColors(stream.isTTY && environment['TERM'] !== 'dumb')
}
