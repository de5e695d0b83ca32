/** The whole story with a language model: a random one of two layers everywhere, a real one where its file is there. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StepEvent } from '../src/core/event.ts'
import type { JsonObject } from '../src/core/json.ts'
import { createRandom } from '../src/core/random.ts'
import type { ReportData } from '../src/core/report-data.ts'
import { exportLmStudent } from '../src/students/lm/export-student.ts'
import { openUntunedModel } from '../src/students/lm/student.ts'
import { openStudent } from '../src/students/registry.ts'
import { runStory } from './support/run-story.ts'
import { writeTinyModel } from './support/tiny-model.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-lm-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

/** Which animal, and how many: what a model of two layers can learn to copy within seconds. */
function makeRows(
  count: number,
  seed: number,
): { input: string; output: { animal: string; many: boolean } }[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => {
    const animal = ['hen', 'cow', 'pig'][random.below(3)]
    const many = random.below(2) === 1
    return { input: `${many ? 'ten' : 'one'} ${animal} ${random.below(1000)}`, output: { animal, many } }
  })
}

const schema =
  '{ type: object, properties: { animal: { enum: [hen, cow, pig] }, many: { type: boolean } }, required: [animal, many], additionalProperties: false }'

async function writeProject(output: string, more = ''): Promise<string> {
  const [labelled, evaluation] = [makeRows(40, 1), makeRows(24, 2)]
  const text = (rows: typeof labelled): object[] =>
    output === 'text' ? rows.map((row) => ({ ...row, output: `a ${row.output.animal}` })) : rows
  await writeFile(join(folder, 'labelled.jsonl'), lines(text(labelled)))
  await writeFile(join(folder, 'evaluation.jsonl'), lines(text(evaluation)))
  await mkdir(join(folder, 'recorded'), { recursive: true })
  const answers = text([...labelled, ...evaluation]) as { input: string; output: unknown }[]
  const unique = new Map(answers.map(({ input, output: answer }) => [input, answer]))
  await writeFile(
    join(folder, 'recorded/teacher.jsonl'),
    lines([...unique].map(([input, answer]) => ({ input, answer }))),
  )
  await writeTinyModel(join(folder, 'tiny'))
  const config = join(folder, 'potstill.yaml')
  await writeFile(
    config,
    `name: farm\ntask: { prompt: Which?, output: ${output} }\ndata: { labelled: labelled.jsonl, evaluation: evaluation.jsonl }\nteacher: { model: recorded/teacher }\nstudent: { kind: lm, base: tiny, epochs: 4, learningRate: 0.01 }\n${more}`,
  )
  return config
}

async function run(configFile: string): Promise<{ report: ReportData; events: readonly StepEvent[] }> {
  const { result, events } = await runStory({ configFile, data: join(folder, 'home') })
  if (result.report === null) throw new Error('there is no report')
  return { report: result.report.data, events }
}

const texts = (events: readonly StepEvent[]): string =>
  events.flatMap((event) => (event.type === 'message' ? [event.text] : [])).join('\n')

describe('a language model of two layers', () => {
  it('goes through the whole story, all answers valid, and is found again as a student and as exports', async () => {
    const { report, events } = await run(await writeProject(schema))
    const arms = Object.fromEntries(report.arms.map((arm) => [arm.name, arm]))
    expect(Object.keys(arms).sort()).toEqual(
      [
        'most-frequent',
        'student',
        'teacher',
        'untuned',
        'untuned-unconstrained',
        'untuned-with-examples',
      ].sort(),
    )
    for (const name of ['student', 'untuned', 'untuned-with-examples']) expect(arms[name].valid).toBe(1)
    expect(arms['untuned'].role).toBe('before')
    expect(arms['student'].latencyP50Ms).toBeGreaterThan(0)
    expect(arms['student'].priceUsdPer1000).toBeGreaterThan(0)
    expect(report.training).toMatchObject({ kind: 'lm', heldOutBy: 'validation rows' })
    expect(report.training.curves.at(-1)?.trainLoss).toBeLessThan(report.training.curves[0].trainLoss)
    expect(texts(events)).toContain('⟦{"animal":')

    const student = join(report.run.folder, 'train/student')
    expect((await readdir(student)).sort()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'manifest.json',
    ])
    const { model } = await openStudent(student)
    const request = { messages: [{ role: 'user' as const, content: 'ten hen 5' }] }
    const { content, confidence } = await model.complete(request)
    await model.close?.()
    expect(JSON.parse(content)).toHaveProperty('animal')
    expect(confidence).toBeGreaterThan(0)
    expect(confidence).toBeLessThanOrEqual(1)

    const exported = join(folder, 'exported')
    await exportLmStudent(student, exported, 'safetensors')
    const merged = openUntunedModel(exported, { id: 'lm/exported', weights: 'int8' })
    const again = await merged.complete({
      messages: [{ role: 'system', content: 'Which?' }, ...request.messages],
      schema: parse(schema) as JsonObject,
    })
    await merged.close?.()
    expect(again.content).toBe(content)
  })

  it('writes free text, which a micro student refuses', async () => {
    const { report } = await run(await writeProject('text'))
    expect(report.arms.map(({ name }) => name)).not.toContain('untuned-unconstrained')
    expect(report.task.output).toBe('text')
  })

  it('learns from earlier answers of chat lines too, but for those with weight 0', async () => {
    const config = await writeProject('text')
    const chats = makeRows(12, 3).map(({ input, output: { animal } }, index) => ({
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi there', ...(index === 0 ? {} : { weight: 0 }) },
        { role: 'user', content: 'Ready?' },
        { role: 'assistant', content: 'Ready' },
        { role: 'user', content: input },
        { role: 'assistant', content: `a ${animal}` },
      ],
    }))
    await writeFile(join(folder, 'labelled.jsonl'), lines(chats.slice(1)))
    const { events } = await run(config)
    expect(texts(events)).toMatch(
      /assistant\nHi there<\|im_end\|>[^⟦]*⟦Ready<\|im_end\|>⟧[^⟦]*⟦a \w+<\|im_end\|>⟧/u,
    )
  })

  it('ends with its own word where an answer is interrupted, and with a report where training is', async () => {
    const configFile = await writeProject(schema)
    const data = join(folder, 'home')
    const early = new AbortController()
    const first = runStory({ configFile, data, signal: early.signal }, (event) => {
      if (event.type === 'progress' && event.label === 'untuned') early.abort()
    })
    await expect(first).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const later = new AbortController()
    const { result } = await runStory({ configFile, data, signal: later.signal }, (event) => {
      if (event.type === 'train') later.abort()
    })
    expect(result.report?.data.training.interrupted).toBe(true)
    expect(result.report?.data.arms.map(({ name }) => name)).toContain('student')
  })

  it('refuses, before anything is asked, a schema that answers cannot be held to', async () => {
    const config = await writeProject(
      '{ type: object, properties: { animal: { not: { const: x } } }, required: [animal] }',
    )
    await expect(run(config)).rejects.toMatchObject({
      code: 'TRAINING_REFUSED',
      message: expect.stringContaining('Answers cannot be held to task.output') as string,
    })
  })

  it('refuses a config without a base, and one with a base for another kind', async () => {
    const config = await writeProject(schema)
    const text = await readFile(config, 'utf8')
    await writeFile(config, text.replace('base: tiny, ', ''))
    await expect(run(config)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await writeFile(config, text.replace('kind: lm', 'kind: micro'))
    await expect(run(config)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('student.base is for kind lm') as string,
    })
  })
})

const realModel = process.env['POTSTILL_TEST_MODEL']

describe.skipIf(realModel === undefined)('a real language model (POTSTILL_TEST_MODEL)', () => {
  it('learns ten rows of the support desk, and they are reported as what they are', async () => {
    const example = resolve('examples/support-desk')
    const labelled = (await readFile(join(example, 'data/labelled.csv'), 'utf8')).split(/^(?=g\d{4},)/mu)
    await writeFile(join(folder, 'labelled.csv'), labelled.slice(0, 11).join(''))
    const evaluation = (await readFile(join(example, 'data/evaluation.jsonl'), 'utf8')).split('\n')
    await writeFile(join(folder, 'evaluation.jsonl'), evaluation.slice(0, 12).join('\n'))
    await cp(join(example, 'recorded'), join(folder, 'recorded'), { recursive: true })
    const config = join(folder, 'potstill.yaml')
    await writeFile(
      config,
      `name: ten\ntask: { input: message, prompt: ${join(example, 'prompts/triage.md')}, output: ${join(example, 'schema.json')} }\ndata: { labelled: labelled.csv, evaluation: evaluation.jsonl }\nteacher: { model: recorded/with-guide }\nstudent: { kind: lm, base: ${JSON.stringify(realModel)}, epochs: 3 }\n`,
    )
    const { report } = await run(config)
    expect(report.data.trainingRows + report.data.validationRows).toBe(10)
    expect(report.training.worth).toContain('training rows are enough to train and to see the workflow')
    const student = report.arms.find(({ name }) => name === 'student')
    expect(student?.valid).toBe(1)
    const curve = report.training.curves
    expect(curve.at(-1)?.trainLoss).toBeLessThan(curve[0].trainLoss)
  })
})
