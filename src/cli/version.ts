/** Which potstill this is: its version, from its package.json, and how it was called. */
import { readFileSync } from 'node:fs'

const packageFile = new URL('../../package.json', import.meta.url)

export function potstillVersion(): string {
  return packageFacts().version
}

export function packageFacts(): { readonly version: string; readonly description: string } {
  return JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string; description: string }
}

/** What a user types to call this potstill; scripts/start.mjs sets it, so that what is printed works in a clone. */
export function commandName(environment: NodeJS.ProcessEnv): string {
  return environment['POTSTILL_COMMAND'] ?? 'potstill'
}
