/**
 * Installs what is needed, once: `node scripts/install.mjs run` for running, `... all` for developing and testing.
 * npm does the work; a stamp in node_modules says for which lockfile and how much it was done.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const stampFile = new URL('node_modules/.potstill-install', root)

/** @param {'run' | 'all'} scope */
export function install(scope) {
  requireNode()
  const lock = createHash('sha256')
    .update(readFileSync(new URL('package-lock.json', root)))
    .digest('hex')
  const stamp = readStamp()
  if (stamp?.lock === lock && (stamp.scope === 'all' || stamp.scope === scope)) return
  console.error(scope === 'run' ? 'Installing what running needs …' : 'Installing what developing needs …')
  const words = [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    ...(scope === 'run' ? ['--omit=dev'] : []),
  ]
  const { status, error } = spawnSync('npm', words, {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 2, 2],
    // The package brings what the processor needs; its script would fetch files for graphics cards, and fail without them.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    // npm is a command file on Windows, which only a shell can start; the words are fixed.
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    console.error(`npm ${words.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}`)
    process.exit(1)
  }
  writeFileSync(stampFile, JSON.stringify({ lock, scope }))
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'))
  } catch {
    return null
  }
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 20)) return
  console.error(`potstill needs Node 20.20 or newer; this is ${process.versions.node}.`)
  process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) install(process.argv[2] === 'run' ? 'run' : 'all')
