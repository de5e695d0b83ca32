/** A provider that fails in every way: the run ends, and every row is accounted for. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Fate } from '../src/core/curation.ts'
import type { JudgedAnswer } from '../src/core/measure.ts'
import { createRandom } from '../src/core/random.ts'
import { startProvider, type FaultName, type FaultProvider } from './support/fault-provider.ts'
import { runStory, type Story } from './support/run-story.ts'
import { createProject, recordedAnswers, type Project } from './support/triage-project.ts'

const key = 'sk-faulty-secret-0123456789'
const rows = { unlabelledRows: 60, evaluationRows: 25 }
const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function start(
  fault: (index: number) => FaultName | undefined,
): Promise<{ provider: FaultProvider; project: Project; home: string }> {
  const provider = await startProvider({
    answer: await recordedAnswers(),
    fault: ({ index }) => fault(index),
  })
  const project = await createProject({ baseUrl: provider.baseUrl, concurrency: 16, ...rows })
  const home = await mkdtemp(join(tmpdir(), 'potstill-home-'))
  cleanUps.push(
    () => provider.close(),
    () => project.remove(),
    () => rm(home, { recursive: true, force: true }),
  )
  return { provider, project, home }
}

const run = (project: Project, home: string): Promise<Story> =>
  runStory({ configFile: project.config, data: home, environment: { LOCAL_KEY: key } })

const readLines = async <Line>(file: string): Promise<Line[]> =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)

it('ends with every row accounted for, whatever the provider does', async () => {
  const random = createRandom(3)
  const faults: FaultName[] = [
    'rate_limit',
    'rate_limit_retry_after',
    'server_error',
    'unavailable',
    'cut_before_headers',
    'cut_in_body',
    'half_body',
    'bad_json',
    'empty_choices',
    'null_content',
    'slow_first_byte',
  ]
  const { project, home, provider } = await start(() =>
    random.next() < 0.25 ? faults[random.below(faults.length)] : undefined,
  )
  const { result } = await run(project, home)
  expect(Object.keys(provider.counts().faults).length).toBeGreaterThan(5)

  const folder = result.folder
  const answers = await readLines<JudgedAnswer>(join(folder, 'evaluate/teacher/answers.jsonl'))
  expect(answers).toHaveLength(rows.evaluationRows)
  const outcomes = await readLines<{ rowKey: string }>(join(folder, 'generate/outcomes.jsonl'))
  expect(outcomes).toHaveLength(rows.unlabelledRows)
  const fates = await readLines<Fate>(join(folder, 'curate/fates.jsonl'))
  expect(fates).toHaveLength(rows.unlabelledRows + 40)
  expect(result.report?.data.arms.map((arm) => arm.role)).toContain('after')
})

it('keeps the key out of everything that it writes', async () => {
  const { project, home } = await start((index) => (index % 7 === 0 ? 'server_error' : undefined))
  const { result } = await run(project, home)
  const { readdirSync, readFileSync, statSync } = await import('node:fs')
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).map((name) => join(home, name))
  const leaking = files.filter((file) => statSync(file).isFile() && readFileSync(file).includes(key))
  expect(result.report).not.toBeNull()
  expect(leaking).toEqual([])
})

it('stops with a clear word when the provider is down for good, and goes on when it is back', async () => {
  let down = true
  const { project, home, provider } = await start((index) =>
    down && index > 20 ? 'server_error' : undefined,
  )
  await expect(run(project, home)).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' })
  down = false
  const before = provider.counts().answered
  const { result } = await run(project, home)
  expect(result.report).not.toBeNull()
  expect(provider.counts().answered).toBe(rows.unlabelledRows + rows.evaluationRows)
  expect(before).toBeGreaterThan(0)
})

it('stops cleanly at the budget, and goes on when it is raised', async () => {
  const { project, home, provider } = await start(() => undefined)
  const { appendFile, writeFile } = await import('node:fs/promises')
  const config = await readFile(project.config, 'utf8')
  await appendFile(project.config, 'budget: { usd: 0.005 }\n')
  await expect(run(project, home)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
  const paid = provider.counts().answered
  expect(paid).toBeGreaterThan(0)
  expect(paid).toBeLessThan(rows.unlabelledRows + rows.evaluationRows)
  await writeFile(project.config, `${config}budget: { usd: 5 }\n`)
  expect((await run(project, home)).result.report).not.toBeNull()
  expect(provider.counts().answered).toBe(rows.unlabelledRows + rows.evaluationRows)
})
