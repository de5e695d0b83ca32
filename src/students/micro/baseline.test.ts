import { describe, expect, it } from 'vitest'
import type { Task } from '../../core/task.ts'
import type { Json } from '../../core/json.ts'
import { jsonTask, taskOf } from '../../../test/support/micro-examples.ts'
import { trainBaseline } from './baseline.ts'

async function answerOf(task: Task, outputs: readonly Json[]): Promise<string> {
  const model = trainBaseline(task, outputs)
  expect(model).toMatchObject({ id: 'baseline/most-frequent', source: 'baseline' })
  const reply = await model.complete({ messages: [{ role: 'user', content: 'whatever' }] })
  return reply.content
}

describe('trainBaseline', () => {
  it('says the most frequent value of each field, in the order of the schema', async () => {
    const task = jsonTask({ b: { enum: ['x', 'y'] }, a: { type: ['string', 'null'] }, n: { type: 'number' } })
    const outputs = [
      { a: null, b: 'x', n: 1 },
      { a: 'q', b: 'y', n: 2 },
      { n: 2, b: 'y', a: null },
    ]
    expect(await answerOf(task, outputs)).toBe('{"b":"y","a":null,"n":2}')
  })

  it('leaves out keys and objects that are mostly absent', async () => {
    const task = jsonTask({
      a: { type: 'string' },
      o: { type: 'object', properties: { c: { type: 'string' } }, required: ['c'] },
      p: { type: 'object', properties: { c: { type: 'string' }, d: { type: 'string' } }, required: ['c'] },
    })
    const outputs: Json[] = [
      { o: { c: 'x' }, p: { c: 'x' } },
      { a: 'x', p: { c: 'z', d: 'd' } },
      { p: { c: 'z' } },
    ]
    expect(await answerOf(task, outputs)).toBe('{"p":{"c":"z"}}')
  })

  it('says a label or a text as it is', async () => {
    expect(await answerOf(taskOf({ kind: 'labels', labels: ['a', 'b'] }), ['b', 'a', 'b'])).toBe('b')
    expect(await answerOf(taskOf({ kind: 'text' }), ['some text'])).toBe('some text')
  })

  it('refuses to learn from nothing', () => {
    expect(() => trainBaseline(jsonTask({ a: {} }), [])).toThrow('there is no output')
  })
})
