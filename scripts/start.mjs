/**
 * `npm start`: installs what running needs, builds, and runs the support-desk example to its report.
 * `npm run potstill -- WORDS`: the same command line as the installed `potstill`, from this clone.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from './build.mjs'
import { install } from './install.mjs'

install('run')
build({ declarations: false })
const words = process.argv.slice(2)
const example = ['run', 'examples/support-desk/potstill.yaml']
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const child = spawn(
  process.execPath,
  [main, ...(words[0] === '--' ? words.slice(1) : words.length > 0 ? words : example)],
  {
    stdio: 'inherit',
    // In the commands that it prints, potstill names itself as it can be called from here.
    env: { ...process.env, POTSTILL_COMMAND: 'npm run potstill --' },
  },
)
// Ctrl-C reaches the child by itself; this process waits for it to end in good order.
process.on('SIGINT', () => {})
child.on('close', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 130)
})
