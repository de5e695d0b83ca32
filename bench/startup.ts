/** How long `potstill --help` takes, beside Node alone in turn. `npm run bench -- startup`; build first. */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const barMs = 200

/** Prints medians in milliseconds as JSON; fails above 200. Each run is a process of its own. */
export async function benchStartup(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { runs: { type: 'string', default: '15' } } })
  const help: number[] = []
  const bare: number[] = []
  for (let run = 0; run <= Number(values.runs); run++) {
    const pair = [timeMs(['dist/cli/main.js', '--help']), timeMs(['--eval', '0'])]
    // The first pair reads files that are not in memory yet.
    if (run > 0) {
      help.push(pair[0])
      bare.push(pair[1])
    }
  }
  const helpMs = median(help)
  console.log(JSON.stringify({ helpMs, nodeMs: median(bare), runs: help.length, barMs }, null, 2))
  if (helpMs > barMs) process.exitCode = 1
}

function timeMs(words: readonly string[]): number {
  const startedAt = performance.now()
  const { status } = spawnSync(process.execPath, words, { stdio: 'ignore' })
  if (status !== 0) throw new Error(`node ${words.join(' ')} ended with ${status}; npm run build comes first`)
  return performance.now() - startedAt
}

function median(values: readonly number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)])
}
