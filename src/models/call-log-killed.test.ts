import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createRandom } from '../core/random.ts'
import { startProvider } from '../../test/support/fault-provider.ts'
import { openStore } from '../store/sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'potstill-killed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const questions = 500
const concurrency = 10
const kills = 6

/** Runs the process until it has had so many more replies, then kills it; to its end when there are no more. */
async function runFor(baseUrl: string, replies: number): Promise<string[]> {
  const script = join(import.meta.dirname, '../../test/support/ask-all.ts')
  const args = ['--import', 'tsx', script, baseUrl, folder, `${questions}`, `${concurrency}`]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (output.split('\n').length > replies) child.kill('SIGKILL')
  })
  await once(child, 'close')
  return output.split('\n').slice(0, -1)
}

describe('a process that is killed while it asks', () => {
  it('never sends a request again whose reply it had, and loses at most what was under way', async () => {
    const provider = await startProvider({ latencyMs: 10 })
    const random = createRandom(3)
    const told = new Map<string, string>()
    let lines: string[] = []
    for (let kill = 0; kill < kills; kill++) {
      const had = told.size
      lines = await runFor(provider.baseUrl, had + 1 + random.below(60))
      for (const line of lines.filter((text) => text !== 'done'))
        told.set(line.split(' ')[0], line.split(' ')[1])
      // Whatever was told is in the log: asking for it again reaches the log, not the provider.
      const store = openStore(folder)
      for (const key of told.values()) expect(await store.findCall(key)).not.toBeNull()
      const lost = await store.unfinishedCalls('run')
      expect(lost.length).toBeLessThanOrEqual(concurrency * (kill + 1))
      await store.close()
    }
    lines = await runFor(provider.baseUrl, Infinity)
    expect(lines.at(-1)).toBe('done')
    expect(lines).toHaveLength(questions + 1)
    const { requests, mostAtOnce } = provider.counts()
    expect(requests).toBeLessThanOrEqual(questions + kills * concurrency)
    expect(mostAtOnce).toBeLessThanOrEqual(2 * concurrency)
    await provider.close()
  })
})
