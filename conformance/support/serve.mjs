/** Starts `potstill serve` as users do, on a free port and a data folder of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from '../../scripts/build.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** `words` go to the command line; `OPENAI_API_KEY` and `OPENAI_BASE_URL` of this machine are not the server's. */
export async function startPotstill(words = []) {
  build({ declarations: false })
  const data = mkdtempSync(join(tmpdir(), 'potstill-conformance-'))
  const { OPENAI_API_KEY: _, OPENAI_BASE_URL: __, ...environment } = process.env
  const main = join(root, 'dist', 'cli', 'main.js')
  const child = spawn(process.execPath, [main, 'serve', ...words, '--port', '0', '--json', '--quiet'], {
    cwd: root,
    env: { ...environment, POTSTILL_HOME: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`potstill serve ended with ${code}`)
  })
  ended.catch(() => undefined)
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
  return {
    baseUrl: JSON.parse(line).baseUrl,
    async close() {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
      rmSync(data, { recursive: true, force: true })
    },
  }
}
