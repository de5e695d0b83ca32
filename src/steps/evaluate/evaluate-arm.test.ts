import { describe, expect, it } from 'vitest'
import { createAnswerParser } from '../../core/answer.ts'
import type { ChatModel, Reply } from '../../core/chat-model.ts'
import { PotstillError } from '../../core/errors.ts'
import { drain, type StepEvent } from '../../core/event.ts'
import type { Grader } from '../../core/grader.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { JudgedAnswer } from '../../core/measure.ts'
import { outputFields } from '../../core/output-fields.ts'
import type { Row } from '../../core/row.ts'
import type { Task } from '../../core/task.ts'
import { cascadeAnswers } from './cascade.ts'
import { evaluateArm } from './evaluate-arm.ts'
import { summariseArm } from './summarise-arm.ts'

const output: Task['output'] = {
  kind: 'json',
  schema: {
    type: 'object',
    properties: { mood: { enum: ['good', 'bad'] }, reference: { type: ['string', 'null'] } },
    required: ['mood', 'reference'],
  },
}
const task: Task = { name: 'moods', input: 'input', prompt: '', output, fields: outputFields(output) }

const rows: Row[] = [
  { mood: 'good', reference: null },
  { mood: 'bad', reference: 'A-1' },
  { mood: 'bad', reference: null },
  { mood: 'good', reference: 'A-2' },
].map((expected, index) => ({
  id: `r${index}`,
  key: `k${index}`,
  input: `row ${index}`,
  expected,
  group: `g${index}`,
  source: { file: 'rows.jsonl', line: index + 1 },
}))

function model(
  answers: readonly (Json | Error)[],
  extra: Partial<Reply> = {},
  source: ChatModel['source'] = 'provider',
): ChatModel {
  return {
    id: 'test/model',
    source,
    async complete(request) {
      const answer = answers[Number(request.messages.at(-1)?.content.split(' ')[1])]
      if (answer instanceof Error) throw answer
      const content = typeof answer === 'string' ? answer : JSON.stringify(answer)
      return {
        content,
        finishReason: 'stop',
        usage: null,
        latencyMs: 20,
        priceUsd: 0.001,
        raw: null,
        ...extra,
      }
    },
  }
}

async function evaluate(
  chatModel: ChatModel,
): Promise<{ answers: readonly JudgedAnswer[]; events: StepEvent[] }> {
  const events: StepEvent[] = []
  const answers = await drain(
    evaluateArm({ name: 'arm', role: 'teacher', model: chatModel, settings: { prompt: 'Sort.' } }, rows, {
      judge: { task, parse: createAnswerParser(task), graders: [], score: 'fields' },
      concurrency: 2,
      usdPerCoreHour: 0.04,
    }),
    (event) => events.push(event),
  )
  return { answers, events }
}

const right = rows.map((row) => row.expected as Json)
const summarise = (answers: readonly JudgedAnswer[]): ReturnType<typeof summariseArm> =>
  summariseArm(
    { name: 'arm', role: 'teacher', model: 'm', source: 'provider', priceBasis: '' },
    answers,
    rows,
    task,
  )

describe('evaluateArm', () => {
  it('judges every row, in the order of the rows, and reports progress', async () => {
    const { answers, events } = await evaluate(model(right))
    expect(answers.map((answer) => answer.rowId)).toEqual(['r0', 'r1', 'r2', 'r3'])
    expect(answers.every((answer) => answer.exact && answer.score === 1)).toBe(true)
    expect(events.at(-1)).toMatchObject({ type: 'progress', done: 4, total: 4 })
  })

  it('counts a failed call as wrong on every field, and goes on', async () => {
    const failure = new PotstillError('MODEL_REPLY_INVALID', 'the reply was cut')
    const { answers } = await evaluate(model([failure, ...right.slice(1)]))
    expect(answers[0]).toMatchObject({ content: null, fault: 'the reply was cut', score: 0, exact: false })
    expect(summarise(answers)).toMatchObject({ failed: 1, valid: 0.75, score: 0.75, exactMatch: 0.75 })
  })

  it('counts bad JSON as wrong on every field, also where null is expected', async () => {
    const { answers } = await evaluate(model(['mood: good', ...right.slice(1)]))
    expect(answers[0].correct).toEqual({ mood: false, reference: false })
    expect(answers[0].fault).toBeDefined()
  })

  it('counts a refusal as an answer that is not valid', async () => {
    const { answers } = await evaluate(model(right, { refusal: 'I cannot help with that.' }))
    expect(answers[0].fault).toBe('refused: I cannot help with that.')
    expect(answers[0].score).toBe(0)
  })

  it('stops for what concerns every row alike', async () => {
    const budget = new PotstillError('BUDGET_EXCEEDED', 'the cap is reached')
    await expect(evaluate(model([right[0], budget, right[2], right[3]]))).rejects.toThrow(
      'the cap is reached',
    )
  })

  it('lets a local model answer every row in peace, one at a time, before judges are asked side by side', async () => {
    let answering = 0
    let judging = 0
    let mostAnswering = 0
    let mostJudging = 0
    const local = model(right, {}, 'student')
    const slow: ChatModel = {
      ...local,
      async complete(request) {
        mostAnswering = Math.max(mostAnswering, ++answering)
        await new Promise(setImmediate)
        answering--
        return local.complete(request)
      },
    }
    const judge: Grader = {
      name: 'judge',
      waits: true,
      async grade() {
        mostJudging = Math.max(mostJudging, ++judging)
        for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
        judging--
        expect(answering).toBe(0)
        return { score: 0.75, passed: true, reason: '' }
      },
    }
    const steps = evaluateArm({ name: 'arm', role: 'after', model: slow, settings: { prompt: '' } }, rows, {
      judge: { task, parse: createAnswerParser(task), graders: [judge], score: 'fields' },
      concurrency: 4,
      usdPerCoreHour: 0.04,
    })
    const answers = await drain(steps, () => {})
    expect([mostAnswering, mostJudging]).toEqual([1, 4])
    expect(summarise(answers).graders).toMatchObject([{ name: 'judge', mean: 0.75, passed: 4, errors: 0 }])
  })

  it('prices a local answer by its processor time', async () => {
    const { answers } = await evaluate(model(right, { priceUsd: null, latencyMs: 3_600_000 }, 'student'))
    expect(answers[0].priceUsd).toBeCloseTo(0.04)
  })
})

describe('evaluateArm with a rule to stop', () => {
  /** What each look was shown, and how many rows were asked; the model takes its time as `turns` says. */
  async function inBlocks(
    turns: readonly number[],
    stopAtLook: number,
  ): Promise<{ looks: string[][]; asked: number; ids: string[] }> {
    const looks: string[][] = []
    let asked = 0
    const slow: ChatModel = {
      ...model(right),
      async complete(request, signal) {
        for (let turn = turns[asked++]; turn > 0; turn--) await new Promise(setImmediate)
        return model(right).complete(request, signal)
      },
    }
    const steps = evaluateArm({ name: 'arm', role: 'teacher', model: slow, settings: { prompt: '' } }, rows, {
      judge: { task, parse: createAnswerParser(task), graders: [], score: 'fields' },
      concurrency: 4,
      usdPerCoreHour: 0.04,
      stop: {
        blockRows: 2,
        isEnough(block) {
          looks.push(block.map((answer) => answer.rowId))
          return looks.length === stopAtLook
        },
      },
    })
    const answers = await drain(steps, () => {})
    return { looks, asked, ids: answers.map((answer) => answer.rowId) }
  }

  it('looks at whole blocks, in the order of the rows and not of the answers', async () => {
    const expected = {
      looks: [
        ['r0', 'r1'],
        ['r2', 'r3'],
      ],
      asked: 4,
      ids: ['r0', 'r1', 'r2', 'r3'],
    }
    expect(await inBlocks([0, 0, 0, 0], 3)).toEqual(expected)
    expect(await inBlocks([9, 0, 5, 0], 3)).toEqual(expected)
  })

  it('asks no further row once that is enough', async () => {
    expect(await inBlocks([9, 0, 0, 0], 1)).toEqual({ looks: [['r0', 'r1']], asked: 2, ids: ['r0', 'r1'] })
  })
})

describe('summariseArm', () => {
  it('takes the mean over fields, then rows', async () => {
    const { answers } = await evaluate(model([{ mood: 'bad', reference: null }, ...right.slice(1)]))
    const arm = summarise(answers)
    expect(arm.score).toBeCloseTo(7 / 8)
    expect(arm.exactMatch).toBeCloseTo(3 / 4)
    expect(arm.fields.map(({ path, accuracy }) => [path, accuracy])).toEqual([
      ['mood', 0.75],
      ['reference', 1],
    ])
    expect(arm.interval[0]).toBeLessThan(arm.score)
    expect(arm.interval[1]).toBeGreaterThanOrEqual(arm.score)
  })

  it('says how nullable fields do where there is a value', async () => {
    const never = right.map((answer) => ({ ...(answer as JsonObject), reference: null }))
    const { answers } = await evaluate(model(never))
    const reference = summarise(answers).fields.find(({ path }) => path === 'reference')
    expect(reference).toMatchObject({ accuracy: 0.5, whenPresent: { rows: 2, accuracy: 0 } })
  })

  it('gives every figure an always-valid interval where one may have stopped after any row', async () => {
    const { answers } = await evaluate(model(right))
    const info = { name: 'arm', role: 'teacher', model: 'm', source: 'provider', priceBasis: '' } as const
    const once = summarise(answers)
    const any = summariseArm(info, answers, rows, task, 'any')
    const intervals = (arm: typeof any): (readonly number[] | undefined)[] => [
      arm.interval,
      arm.exactMatchInterval,
      ...arm.fields.flatMap((field) => [field.interval, field.whenPresent?.interval]),
    ]
    const lows = (arm: typeof any): number[] => intervals(arm).flatMap((interval) => interval?.[0] ?? [])
    expect(lows(any)).toHaveLength(lows(once).length)
    expect(lows(any).every((low, index) => low < lows(once)[index])).toBe(true)
  })

  it('has no price and no latency where one is unknown', async () => {
    const { answers } = await evaluate(model(right, { priceUsd: null, latencyMs: null }, 'recorded'))
    expect(summarise(answers)).toMatchObject({ priceUsdPer1000: null, latencyP50Ms: null })
  })
})

describe('cascadeAnswers', () => {
  it('takes the student where it is sure, else the teacher, and pays for both', async () => {
    const { answers: teacher } = await evaluate(model(right))
    const student = (
      await evaluate(model([{ mood: 'bad', reference: null }, ...right.slice(1)]))
    ).answers.map((answer, index) => ({ ...answer, confidence: index / 4 }))
    const both = cascadeAnswers(student, teacher, 0.25)
    expect(both.map((answer) => answer.answeredBy)).toEqual(['teacher', 'student', 'student', 'student'])
    expect(both.every((answer) => answer.exact)).toBe(true)
    expect(both[0].priceUsd).toBeCloseTo(0.002)
    expect(both[1].priceUsd).toBeCloseTo(0.001)
  })
})
