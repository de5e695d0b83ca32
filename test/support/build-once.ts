/** Builds dist/ before the tests that run the command line as users do. */
import { execFileSync } from 'node:child_process'

export default function buildOnce(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' })
}
