/** The built command line as a child process, as users run it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
}

export interface CommandSettings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

/** Starts `potstill WORDS`; nothing of the surrounding environment but PATH reaches it. */
export function startCommand(words: readonly string[], { cwd, env = {}, input }: CommandSettings): Started {
  const child = spawn(process.execPath, [main, ...words], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(input ?? '')
  const finished = new Promise<Finished>((resolve, reject) => {
    const texts = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk) => (texts.stdout += String(chunk)))
    child.stderr.on('data', (chunk) => (texts.stderr += String(chunk)))
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...texts }))
  })
  return { child, finished }
}

export function runCommand(words: readonly string[], settings: CommandSettings): Promise<Finished> {
  return startCommand(words, settings).finished
}
