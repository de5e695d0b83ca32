/** The version of this potstill, from its package.json. */
import { readFileSync } from 'node:fs'

const packageFile = new URL('../../package.json', import.meta.url)

export function potstillVersion(): string {
  return packageFacts().version
}

export function packageFacts(): { readonly version: string; readonly description: string } {
  return JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string; description: string }
}
