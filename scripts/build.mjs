/**
 * Compiles src/ to dist/ when the sources have changed since the last time. Types are checked by `npm run types`,
 * not here, so that building from a clone needs the compiler alone and not the packages that only tests use.
 */
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const stampFile = join(root, 'dist', '.built')

/** @param {{ declarations: boolean }} options */
export function build({ declarations }) {
  const wanted = `${newestChange(join(root, 'src'))} ${declarations}`
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return
  // Compiled beside and then swapped in: a command that runs meanwhile does not lose its files.
  const fresh = join(root, `dist-${process.pid}`)
  const words = ['-p', 'tsconfig.build.json', '--outDir', fresh]
  const { status, stdout } = compile(
    declarations ? words : [...words, '--noCheck', '--declaration', 'false', '--types', ''],
  )
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true })
    console.error(`compiling failed:\n${stdout}`)
    process.exit(1)
  }
  writeFileSync(join(fresh, '.built'), wanted)
  // `npm link` points at this file.
  chmodSync(join(fresh, 'cli', 'main.js'), 0o755)
  const dist = join(root, 'dist')
  const old = `${fresh}-old`
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(fresh, dist)
  rmSync(old, { recursive: true, force: true })
}

/** The compiler of node_modules where it is installed, else the pinned version by way of npm's cache. */
function compile(words) {
  const local = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  if (existsSync(local))
    return spawnSync(process.execPath, [local, ...words], { cwd: root, encoding: 'utf8' })
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const compiler = `typescript@${packages['node_modules/typescript'].version}`
  return spawnSync(
    'npm',
    ['exec', '--yes', '--loglevel=error', `--package=${compiler}`, '--', 'tsc', ...words],
    {
      cwd: root,
      encoding: 'utf8',
      // npm is a command file on Windows, which only a shell can start; the words are fixed.
      shell: process.platform === 'win32',
    },
  )
}

function newestChange(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
    .reduce(
      (newest, entry) => Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs),
      entries.length,
    )
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  build({ declarations: process.argv.includes('--declarations') })
