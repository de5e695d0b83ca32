/** The story with less data than one would like: no evaluation file, no labels, no expected answers, ten rows. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { StepEvent } from '../src/core/event.ts'
import { createRandom } from '../src/core/random.ts'
import type { ReportData } from '../src/core/report-data.ts'
import { runStory } from './support/run-story.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-modes-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const words = {
  fruit: ['apple', 'pear', 'plum', 'cherry'],
  animal: ['horse', 'goat', 'hen', 'duck'],
} as const
type Kind = keyof typeof words

function makeRows(count: number, seed: number): { input: string; label: Kind }[] {
  const random = createRandom(seed)
  const kinds = Object.keys(words) as Kind[]
  return Array.from({ length: count }, (_, index) => {
    const label = kinds[random.below(2)]
    const word = words[label][random.below(4)]
    return {
      input: `On day ${index} of batch ${seed} we saw a ${word} near gate ${random.below(1000)}`,
      label,
    }
  })
}

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

async function run(
  data: string,
  extra = '',
  controller = new AbortController(),
  onEvent: (event: StepEvent) => void = () => {},
): Promise<{ report: ReportData; events: readonly StepEvent[] }> {
  await writeFile(
    join(folder, 'potstill.yaml'),
    `name: farm\ntask: { output: { labels: [fruit, animal] } }\ndata: ${data}\nteacher: { model: recorded/teacher }\n${extra}`,
  )
  const story = { configFile: join(folder, 'potstill.yaml'), data: join(folder, 'home') }
  const { result, events } = await runStory({ ...story, signal: controller.signal }, onEvent)
  if (result.report === null) throw new Error('there is no report')
  return { report: result.report.data, events }
}

async function writeRows(
  name: string,
  rows: { input: string; label: Kind }[],
  labelled: boolean,
): Promise<void> {
  await writeFile(
    join(folder, name),
    lines(rows.map(({ input, label }) => (labelled ? { input, output: label } : { input }))),
  )
}

/** The story of two teachers, one right about fruit only, the other about animals only. */
it('weighs several teachers by labelled rows, and refuses to without a way to tell them apart', async () => {
  const [labelled, unlabelled, evaluation] = [40, 80, 60].map((count, seed) => makeRows(count, seed + 1))
  await writeRows('labelled.jsonl', labelled, true)
  await writeRows('unlabelled.jsonl', unlabelled, false)
  await writeRows('evaluation.jsonl', evaluation, true)
  const all = [...labelled, ...unlabelled, ...evaluation]
  for (const [kind, other] of [
    ['fruit', 'animal'],
    ['animal', 'fruit'],
  ] as const) {
    // Right about its own kind; of the other it says so two times in three.
    const answers = all.map((row, index) => ({
      ...row,
      label: row.label === kind ? kind : index % 3 === 0 ? kind : other,
    }))
    await record(answers, kind)
  }
  const teacher = (data: string): string =>
    `name: farm\ntask: { output: { labels: [fruit, animal] } }\ndata: ${data}\nteacher: { combine: weighted, models: [{ name: f, model: recorded/fruit }, { name: a, model: recorded/animal }] }\n`
  const configFile = join(folder, 'potstill.yaml')
  await writeFile(
    configFile,
    teacher('{ labelled: labelled.jsonl, unlabelled: unlabelled.jsonl, evaluation: evaluation.jsonl }'),
  )
  const { result } = await runStory({ configFile, data: join(folder, 'home') })
  const scores = Object.fromEntries(result.report?.data.arms.map(({ name, score }) => [name, score]) ?? [])
  expect(scores['teacher']).toBeGreaterThanOrEqual(Math.max(scores['f'], scores['a']))
  await writeFile(configFile, teacher('{ unlabelled: unlabelled.jsonl, evaluation: evaluation.jsonl }'))
  await expect(runStory({ configFile, data: join(folder, 'home') })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('nothing tells which of them to believe') as string,
  })
})

async function record(rows: { input: string; label: Kind }[], name = 'teacher'): Promise<void> {
  const { mkdir } = await import('node:fs/promises')
  await mkdir(join(folder, 'recorded'), { recursive: true })
  await writeFile(
    join(folder, `recorded/${name}.jsonl`),
    lines(rows.map(({ input, label }) => ({ input, answer: label }))),
  )
}

const roles = (report: ReportData): string[] => report.arms.map((arm) => arm.role)

it('splits evaluation rows off unlabelled ones and calls the scores agreement', async () => {
  const rows = makeRows(120, 1)
  await writeRows('inputs.jsonl', rows, false)
  await record(rows)
  const { report } = await run('{ unlabelled: inputs.jsonl }')
  expect(report.data.evaluationRows).toBe(36)
  expect(report.data.evaluationFrom).toContain('split off by group before anything was generated')
  expect(report.warnings.join(' ')).toContain('agreement with the teacher')
  expect(report.arms.find((arm) => arm.role === 'teacher')?.score).toBe(1)
  expect(report.data.trainingRows).toBeLessThanOrEqual(84)
  expect(roles(report)).toContain('before')
})

it('splits evaluation rows off labelled ones, and never trains on them', async () => {
  const rows = makeRows(60, 2)
  await writeRows('labelled.jsonl', rows, true)
  await record(rows)
  const { report } = await run('{ labelled: labelled.jsonl }')
  expect(report.data.evaluationRows + report.data.labelledRows).toBe(60)
  expect(report.data.trainingRows).toBeLessThanOrEqual(report.data.labelledRows)
  expect(report.generation.asked).toBe(0)
})

it('runs on ten training rows, and says what that is worth', async () => {
  const evaluation = makeRows(30, 3)
  const training = makeRows(10, 4)
  await writeRows('evaluation.jsonl', evaluation, true)
  await writeRows('inputs.jsonl', training, false)
  await record([...evaluation, ...training])
  const { report } = await run('{ unlabelled: inputs.jsonl, evaluation: evaluation.jsonl }')
  expect(report.data.trainingRows).toBe(10)
  expect(report.training.worth).toContain('10 training rows')
  expect(report.warnings.join(' ')).toContain('Only 30 evaluation rows')
})

it('asks the teacher for no row that is held out, and reports what it left out', async () => {
  const evaluation = makeRows(40, 5)
  const inputs = [...makeRows(60, 6), ...evaluation.slice(0, 7), ...makeRows(60, 6).slice(0, 5)]
  await writeRows('evaluation.jsonl', evaluation, true)
  await writeRows('inputs.jsonl', inputs, false)
  await record([...evaluation, ...makeRows(60, 6)])
  const { report } = await run('{ unlabelled: inputs.jsonl, evaluation: evaluation.jsonl }')
  expect(report.generation.asked).toBe(60)
  const removed = Object.fromEntries(report.curation.removed.map(({ reason, rows }) => [reason, rows]))
  expect(removed).toMatchObject({ leak_exact: 7, duplicate: 5 })
  expect(report.curation.candidates).toBe(72)
})

it('counts inputs without a record as failed rows, never as guesses', async () => {
  const evaluation = makeRows(30, 7)
  const inputs = makeRows(40, 8)
  await writeRows('evaluation.jsonl', evaluation, true)
  await writeRows('inputs.jsonl', inputs, false)
  await record([...evaluation.slice(5), ...inputs.slice(4)])
  const { report } = await run('{ unlabelled: inputs.jsonl, evaluation: evaluation.jsonl }')
  expect(report.arms.find((arm) => arm.role === 'teacher')).toMatchObject({ failed: 5, rows: 30 })
  expect(report.generation).toMatchObject({ asked: 40, answered: 36, failed: 4 })
})

it('gives the same student and figures for the same seed', async () => {
  const rows = makeRows(100, 9)
  await writeRows('labelled.jsonl', rows.slice(0, 20), true)
  await writeRows('inputs.jsonl', rows.slice(20), false)
  await record(rows)
  const data = '{ unlabelled: inputs.jsonl, labelled: labelled.jsonl }'
  const first = (await run(data)).report
  await rm(join(folder, 'home'), { recursive: true })
  const second = (await run(data)).report
  expect(second.reproduce.studentHash).toBe(first.reproduce.studentHash)
  const scores = (report: ReportData): unknown =>
    report.arms.map(({ name, score, interval }) => ({ name, score, interval }))
  expect(scores(second)).toEqual(scores(first))
})

it('keeps the best student so far when training is interrupted, and trains to the end the next time', async () => {
  const rows = makeRows(150, 11)
  await writeRows('evaluation.jsonl', rows.slice(0, 40), true)
  await writeRows('inputs.jsonl', rows.slice(40), false)
  await record(rows)
  const data = '{ unlabelled: inputs.jsonl, evaluation: evaluation.jsonl }'
  const controller = new AbortController()
  const { report } = await run(data, '', controller, (event) => {
    if (event.type === 'train') controller.abort()
  })
  expect(report.training.interrupted).toBe(true)
  expect(report.arms.find((arm) => arm.role === 'after')).toMatchObject({ rows: 40, failed: 0, valid: 1 })
  const again = await run(data)
  expect(again.report.run.id).toBe(report.run.id)
  expect(again.report.training.interrupted).toBe(false)
})

it('refuses free text before anything is spent', async () => {
  await writeRows('inputs.jsonl', makeRows(30, 10), false)
  await record(makeRows(30, 10))
  await writeFile(
    join(folder, 'potstill.yaml'),
    'name: farm\ntask: { output: text }\ndata: { unlabelled: inputs.jsonl }\nteacher: { model: recorded/teacher }\n',
  )
  const story = runStory({ configFile: join(folder, 'potstill.yaml'), data: join(folder, 'home') })
  await expect(story).rejects.toMatchObject({ code: 'TASK_UNSUPPORTED' })
})
