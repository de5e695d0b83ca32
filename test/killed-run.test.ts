/** A run that is killed again and again pays for no answer twice, and trains the same student. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRandom } from '../src/core/random.ts'
import { storeFile } from '../src/store/sqlite-store.ts'
import { runCommand, startCommand } from './support/built-command.ts'
import { startProvider, type FaultProvider } from './support/fault-provider.ts'
import { createProject, recordedAnswers, type Project } from './support/triage-project.ts'

const kills = 20
const concurrency = 6
const rows = { unlabelledRows: 200, evaluationRows: 50 }
const homes: string[] = []
let project: Project
let provider: FaultProvider

beforeAll(async () => {
  provider = await startProvider({ answer: await recordedAnswers(), latencyMs: 60 })
  project = await createProject({ baseUrl: provider.baseUrl, concurrency, ...rows })
})

afterAll(async () => {
  await provider.close()
  await project.remove()
  for (const home of homes) await rm(home, { recursive: true, force: true })
})

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'potstill-home-'))
  homes.push(home)
  return home
}

const settings = (home: string): { cwd: string; env: Record<string, string> } => ({
  cwd: project.folder,
  env: { POTSTILL_HOME: home, LOCAL_KEY: 'sk-local-secret' },
})

/** Bodies of the requests whose reply is on disk. */
function loggedBodies(home: string): string[] {
  try {
    const database = new DatabaseSync(join(home, storeFile), { readOnly: true })
    const lines = database
      .prepare(
        "SELECT coalesce(text, '') || request_tail AS request FROM calls LEFT JOIN request_heads ON id = request_head",
      )
      .all() as { request: string }[]
    database.close()
    return lines.map((line) => line.request)
  } catch {
    return [] // Killed before there was a store.
  }
}

function studentBytes(home: string): Record<string, string> {
  const folder = join(home, 'runs/triage/1/train/student')
  const hash = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
  return Object.fromEntries(readdirSync(folder).map((name) => [name, hash(name)]))
}

it('asks for no logged reply again after kill -9, however often, and ends with the same student', async () => {
  const random = createRandom(7)
  const home = await newHome()
  /** Body to how often it had come when its reply was first seen on disk. */
  const seen = new Map<string, number>()
  for (let kill = 0; kill < kills; kill++) {
    const { child, finished } = startCommand(['run', project.config], settings(home))
    // A quarter of the kills come at any moment, the others while answers are bought: there is most to lose.
    const enough = provider.counts().requests + random.below(25)
    const anyMoment = kill % 4 === 0 ? 200 + random.next() * 4000 : Infinity
    const startedAt = performance.now()
    const timer = setInterval(() => {
      const isTime = performance.now() - startedAt > anyMoment
      if (isTime || provider.counts().requests > enough) child.kill('SIGKILL')
    }, 5)
    await finished
    clearInterval(timer)
    for (const body of loggedBodies(home)) {
      if (!seen.has(body)) seen.set(body, provider.attempts.get(body) ?? 0)
    }
  }
  const last = await runCommand(['run', project.config, '--json'], settings(home))
  expect(last).toMatchObject({ code: 0 })

  const again = [...seen].filter(([body, attempts]) => provider.attempts.get(body) !== attempts)
  expect(again).toEqual([])
  const asked = rows.unlabelledRows + rows.evaluationRows
  expect(seen.size).toBeGreaterThan(0)
  expect(provider.counts().requests).toBeGreaterThanOrEqual(asked)
  expect(provider.counts().requests).toBeLessThanOrEqual(asked + kills * concurrency)

  const undisturbed = await newHome()
  expect((await runCommand(['run', project.config, '--json'], settings(undisturbed))).code).toBe(0)
  expect(studentBytes(home)).toEqual(studentBytes(undisturbed))
})
