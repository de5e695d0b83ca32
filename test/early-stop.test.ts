/** An evaluation that stops once the teacher's score is known closely enough: in blocks, on the same rows for every arm. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { StepEvent } from '../src/core/event.ts'
import type { JudgedAnswer } from '../src/core/measure.ts'
import { createRandom } from '../src/core/random.ts'
import type { ReportData } from '../src/core/report-data.ts'
import { runStory } from './support/run-story.ts'
import { startProvider } from './support/fault-provider.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-early-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

interface Animal {
  readonly input: string
  readonly label: 'hen' | 'horse'
}

function makeRows(count: number, seed: number): Animal[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, index) => {
    const label = random.below(2) === 0 ? 'hen' : 'horse'
    return { input: `Visitor ${index} of day ${seed} met a ${label} at gate ${random.below(1000)}`, label }
  })
}

const evaluation = makeRows(200, 1)
const inputs = makeRows(60, 2)

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

async function write(evaluate: string, teacher = '{ model: recorded/teacher }', more = ''): Promise<void> {
  await mkdir(join(folder, 'recorded'), { recursive: true })
  const answers = [...evaluation, ...inputs].map(({ input, label }) => ({ input, answer: label }))
  await writeFile(join(folder, 'recorded/teacher.jsonl'), lines(answers))
  await writeFile(join(folder, 'inputs.jsonl'), lines(inputs.map(({ input }) => ({ input }))))
  const expected = evaluation.map(({ input, label }) => ({ input, output: label }))
  await writeFile(join(folder, 'evaluation.jsonl'), lines(expected))
  await writeFile(
    join(folder, 'potstill.yaml'),
    `name: farm
task: { output: { labels: [hen, horse] } }
data: { unlabelled: inputs.jsonl, evaluation: evaluation.jsonl }
teacher: ${teacher}
arms: [{ name: other, model: recorded/teacher }]
verdict: { marginPoints: 10 }
${evaluate}
${more}`,
  )
}

interface Ran {
  readonly report: ReportData
  readonly events: readonly StepEvent[]
  /** Row ids of an arm, in the order of asking. */
  readonly asked: (arm: string) => Promise<readonly string[]>
}

async function run(onEvent: (event: StepEvent) => void = () => {}, signal?: AbortSignal): Promise<Ran> {
  const story = { configFile: join(folder, 'potstill.yaml'), data: join(folder, 'home') }
  const { result, events } = await runStory(signal === undefined ? story : { ...story, signal }, onEvent)
  if (result.report === null) throw new Error('there is no report')
  return {
    report: result.report.data,
    events,
    asked: async (arm) =>
      (await readFile(join(result.folder, 'evaluate', arm, 'answers.jsonl'), 'utf8'))
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as JudgedAnswer).rowId),
  }
}

it('stops early on easy rows, measures every arm on the same ones, and says so', async () => {
  await write('evaluate: { stopAtHalfWidthPoints: 5 }')
  const { report, events, asked } = await run()
  expect(report.arms.map((arm) => arm.role)).toEqual(
    expect.arrayContaining(['teacher', 'reference', 'floor', 'before', 'after']),
  )
  expect(new Set(report.arms.map((arm) => arm.rows))).toEqual(new Set([75]))
  const rows = await asked('teacher')
  for (const arm of ['other', 'most-frequent', 'student-before', 'student']) {
    expect(await asked(arm)).toEqual(rows)
  }
  expect(report.data).toMatchObject({
    evaluationRows: 75,
    evaluationFrom: '200 rows of evaluation.jsonl, the first 75 in random order',
  })
  expect(report.warnings.join('\n')).toContain('Stopped after 75 of 200 evaluation rows')
  expect(report.verdict.reason).toContain('75 rows')
  const teacher = events.filter((event) => event.type === 'step' && event.title.startsWith('teacher'))
  expect(teacher).toMatchObject([
    { state: 'started', title: expect.stringContaining('until its score is known to within 5 points') },
    { state: 'finished', detail: '100.0 %, 75 of 200 rows' },
  ])
  // No fixed-size interval of 75 right answers in 75 is this wide.
  expect(report.arms[0].interval[0]).toBeLessThan(0.92)
  expect(report.arms[0].interval[0]).toBeGreaterThanOrEqual(0.9)

  const again = await run()
  expect(again.report).toEqual(report)
  const steps = again.events.filter((event) => event.type === 'step')
  expect(steps.map((step) => step.state)).toEqual(steps.map(() => 'skipped'))
})

it('asks every row and says why the intervals are wide where the score stays uncertain', async () => {
  await write('evaluate: { stopAtHalfWidthPoints: 1 }')
  const { report } = await run()
  expect(new Set(report.arms.map((arm) => arm.rows))).toEqual(new Set([200]))
  expect(report.data.evaluationFrom).toBe('200 rows of evaluation.jsonl')
  expect(report.warnings.join('\n')).toContain('All 200 evaluation rows were asked')
})

it('asks every row, in the order of the file, without the key', async () => {
  await write('')
  const { report, asked } = await run()
  expect(report.data.evaluationRows).toBe(200)
  expect(report.warnings.join('\n')).not.toContain('stopAtHalfWidthPoints')
  const ids = await asked('teacher')
  await write('evaluate: { stopAtHalfWidthPoints: 5 }')
  const stopped = await (await run()).asked('teacher')
  expect(ids).not.toEqual(stopped)
  expect(ids.slice(0, 75)).not.toEqual(stopped)
  expect(ids).toEqual(expect.arrayContaining([...stopped]))
})

it('asks a paid teacher for no row too many, also after an interruption and when it is to be known more closely', async () => {
  const concurrency = 4
  const labels = new Map([...evaluation, ...inputs].map(({ input, label }) => [input, label]))
  const provider = await startProvider({
    latencyMs: 2,
    answer({ body }) {
      const { messages } = JSON.parse(body) as { messages: { content: string }[] }
      return labels.get(messages.at(-1)?.content ?? '') ?? 'hen'
    },
  })
  try {
    const within = (points: number): Promise<void> =>
      write(
        `evaluate: { stopAtHalfWidthPoints: ${points} }`,
        '{ model: local/teacher }',
        `providers: { local: { baseUrl: '${provider.baseUrl}', concurrency: ${concurrency} } }\nprices: { local/teacher: { input: 1, output: 2 } }\n`,
      )
    await within(5)
    const controller = new AbortController()
    const interrupt = (event: StepEvent): void => {
      if (event.type === 'progress' && event.label === 'teacher' && event.done === 33) controller.abort()
    }
    await expect(run(interrupt, controller.signal)).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(provider.counts().answered).toBeLessThan(50)
    const resumed = await run()
    expect(resumed.report.arms[0]).toMatchObject({ role: 'teacher', rows: 75, failed: 0 })
    expect(provider.attempts.size).toBe(75 + inputs.length)
    expect(provider.counts().requests).toBeLessThanOrEqual(75 + inputs.length + concurrency)

    const before = provider.counts().requests
    await within(3)
    const closer = await (await run()).asked('teacher')
    expect(closer.slice(0, 75)).toEqual(await resumed.asked('teacher'))
    expect(closer.length).toBeGreaterThan(75)
    expect(provider.counts().requests).toBe(before + closer.length - 75)

    await within(5)
    await rm(join(folder, 'home'), { recursive: true })
    expect(await (await run()).asked('teacher')).toEqual(await resumed.asked('teacher'))
  } finally {
    await provider.close()
  }
})
