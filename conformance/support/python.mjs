/** A Python environment of the suite's own, with the packages of requirements.txt. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../', import.meta.url))
const python = `${folder}.venv/bin/python`
const stamp = `${folder}.venv/installed`

function prepare() {
  const wanted = readFileSync(`${folder}requirements.txt`, 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  execFileSync('python3', ['-m', 'venv', `${folder}.venv`], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '-r', `${folder}requirements.txt`], {
    stdio: 'inherit',
  })
  writeFileSync(stamp, wanted)
}

/** Runs a script of this folder; throws with what it printed where it fails. */
export async function runPython(script, environment = {}) {
  prepare()
  const child = spawn(python, [`${folder}${script}`], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${output}`)
  return output
}
