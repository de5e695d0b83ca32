import { describe, expect, it } from 'vitest'
import { createAnswerParser } from '../../../core/answer.ts'
import type { ChatModel, ChatRequest, Reply } from '../../../core/chat-model.ts'
import { PotstillError } from '../../../core/errors.ts'
import { outputFields } from '../../../core/output-fields.ts'
import type { Task, TaskOutput } from '../../../core/task.ts'
import { createCombinedModel, type CombineWay, type Member } from './combined-model.ts'
import type { CombineContext } from './draft.ts'

const output: TaskOutput = {
  kind: 'json',
  schema: {
    type: 'object',
    properties: {
      intent: { enum: ['a', 'b', 'c'] },
      urgent: { type: 'boolean' },
      reference: { type: ['string', 'null'] },
    },
    required: ['intent', 'urgent', 'reference'],
    additionalProperties: false,
  },
}
const task: Task = { name: 't', input: 'input', prompt: '', output, fields: outputFields(output) }
const parse = createAnswerParser(task)

function reply(content: string, priceUsd = 1): Reply {
  const usage = { promptTokens: 10, cachedPromptTokens: 0, completionTokens: 5 }
  return { content, finishReason: 'stop', usage, latencyMs: 7, priceUsd, raw: null, callKey: content }
}

type Answer = string | PotstillError | ((request: ChatRequest) => string)

function member(name: string, answer: Answer, prompt = ''): Member & { readonly asked: ChatRequest[] } {
  const asked: ChatRequest[] = []
  const model: ChatModel = {
    id: name,
    source: 'provider',
    // eslint-disable-next-line typescript/require-await -- what it throws must come as a rejection
    complete: async (request) => {
      asked.push(request)
      if (answer instanceof PotstillError) throw answer
      return reply(typeof answer === 'string' ? answer : answer(request))
    },
  }
  return { name, model, prompt, repeat: 0, asked }
}

const answerOf = (intent: string, urgent: boolean, reference: string | null): string =>
  JSON.stringify({ intent, urgent, reference })

const ask = (
  way: CombineWay,
  members: readonly Member[],
  more: Partial<CombineContext> = {},
): Promise<Reply> =>
  createCombinedModel(way, members, { task, parse, ...more }).complete({
    messages: [
      { role: 'system', content: 'form' },
      { role: 'user', content: 'hello' },
    ],
  })

const fault = new PotstillError('MODEL_CALL_FAILED', 'down')

describe('several teachers', () => {
  it('vote takes each field from most of them, and adds up what they cost', async () => {
    const combined = await ask('vote', [
      member('x', answerOf('a', true, null)),
      member('y', answerOf('b', true, 'R1')),
      member('z', answerOf('b', false, 'R1')),
    ])
    expect(combined.content).toBe(answerOf('b', true, 'R1'))
    expect(combined).toMatchObject({ priceUsd: 3, latencyMs: 7, usage: { promptTokens: 30 } })
    expect(combined.soft?.['intent']).toEqual({ '"a"': expect.closeTo(1 / 3), '"b"': expect.closeTo(2 / 3) })
  })

  it('weighted believes each where it has proved right', async () => {
    const sure = { right: 50, rows: 50, byValue: {} }
    const unsure = { right: 20, rows: 50, byValue: {} }
    const combined = await ask(
      'weighted',
      [member('x', answerOf('a', true, null)), member('y', answerOf('b', false, 'R1'))],
      {
        reliabilities: {
          x: { intent: sure, urgent: unsure, reference: sure },
          y: { intent: unsure, urgent: sure, reference: unsure },
        },
      },
    )
    expect(combined.content).toBe(answerOf('a', false, null))
  })

  it('gives each teacher its own prompt, before what the request says of the form', async () => {
    const x = member('x', answerOf('a', true, null), 'guide')
    await ask('vote', [x])
    expect(x.asked[0].messages[0]).toEqual({ role: 'system', content: 'guide\n\nform' })
  })

  it('leaves out who failed or gave no valid answer', async () => {
    const combined = await ask('vote', [
      member('x', fault),
      member('y', 'no idea'),
      member('z', answerOf('c', true, null)),
    ])
    expect(combined.content).toBe(answerOf('c', true, null))
    expect(combined.priceUsd).toBe(2)
  })

  it('fails the row only when all fail, and passes on what ends the run', async () => {
    await expect(ask('vote', [member('x', fault), member('y', fault)])).rejects.toMatchObject({
      code: 'MODEL_CALL_FAILED',
      message: 'no teacher answered: x: down; y: down',
    })
    const budget = new PotstillError('BUDGET_EXCEEDED', 'spent')
    await expect(ask('vote', [member('x', budget), member('y', 'b')])).rejects.toBe(budget)
  })

  it('fallback asks the next only when the one before is of no use', async () => {
    const second = member('y', answerOf('b', true, null))
    const third = member('z', answerOf('c', true, null))
    const combined = await ask('fallback', [member('x', 'no idea'), second, third])
    expect(combined).toMatchObject({ content: answerOf('b', true, null), callKey: answerOf('b', true, null) })
    expect(combined.latencyMs).toBe(14)
    expect(third.asked).toEqual([])
  })

  it('best-of takes the pick of a judge that stays with it when the order is turned', async () => {
    const members = [member('x', answerOf('a', true, null)), member('y', answerOf('b', true, null))]
    const fond = member('judge', ({ messages }) =>
      JSON.stringify({
        best: messages[0].content.indexOf('"b"') < messages[0].content.indexOf('"a"') ? 1 : 2,
      }),
    )
    expect(await ask('best-of', members, { judge: fond.model })).toMatchObject({
      content: answerOf('b', true, null),
      priceUsd: 4,
    })
    const lazy = member('judge', '{"best":2}')
    expect((await ask('best-of', members, { judge: lazy.model })).content).toBe(answerOf('a', true, null))
  })

  it('best-of and blend ask no judge when all drafts are the same', async () => {
    const judge = member('judge', '{"best":1}')
    const same = [member('x', answerOf('a', true, null)), member('y', answerOf('a', true, null))]
    await ask('best-of', same, { judge: judge.model })
    await ask('blend', same, { judge: judge.model })
    expect(judge.asked).toEqual([])
  })

  it('blend shows the writer all drafts and takes what it writes', async () => {
    const writer = member('judge', answerOf('c', false, 'R1'))
    const combined = await ask(
      'blend',
      [member('x', answerOf('a', true, null)), member('y', answerOf('b', true, null))],
      { judge: writer.model, rubric: 'be exact' },
    )
    expect(combined.content).toBe(answerOf('c', false, 'R1'))
    const shown = writer.asked[0].messages.at(-1)?.content ?? ''
    for (const part of [answerOf('a', true, null), answerOf('b', true, null), 'be exact']) {
      expect(shown).toContain(part)
    }
  })
})
